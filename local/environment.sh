#!/bin/sh
# Installs requirements into a virtual environment, made first if need be:
#   environment.sh FOLDER REQUIREMENTS [VERSION] [WHAT IT TAKES]
# With uv if it is on the PATH and finds them (it ignores pip's configuration), otherwise with pip.
set -eu
folder=$1
requirements=$2
version=${3:-}
takes=${4:-}

fail() {
    echo "error: $1" >&2
    exit 1
}

# A name on the PATH may be a shim that fails, or an older Python: the first that runs and is new enough.
find_python() {
    least=${version:-3.11}
    candidates=${PYTHON:-python3.13 python3.12 python3.11 python3 python}
    if [ "$version" ]; then # pyenv may have it where no PATH leads to
        candidates="python$version $(echo "${PYENV_ROOT:-$HOME/.pyenv}"/versions/"$version".*/bin/"python$version")"
    fi
    for candidate in $candidates; do
        if "$candidate" -c "import sys; sys.exit(sys.version_info < (3, ${least#3.}))" 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    [ -z "$version" ] || fail "Python $version not found; the deployed functions run on it, so install it"
    fail "Python 3.11 or newer not found; install it (Debian, Ubuntu: apt install python3-venv) or set PYTHON=…"
}

# With pip, so that it can be renewed without uv. Debian's Python may lack what `venv` takes pip from: a pip beside it
# works too.
make_environment() {
    uv venv --clear --seed --python "$1" "$folder" ||
        "$1" -m venv --clear "$folder" || {
        "$1" -m venv --clear --without-pip "$folder" &&
            "$1" -m pip --python "$folder/bin/python" install pip
    }
}

install() {
    uv pip install --compile-bytecode --python "$folder/bin/python" -r "$requirements" 2>/dev/null ||
        "$folder/bin/python" -m pip install -qq --disable-pip-version-check -r "$requirements"
}

if ! "$folder/bin/python$version" -m pip --version >/dev/null 2>&1; then
    python=$(find_python)
    make_environment "$python" >/dev/null 2>&1 ||
        fail "$python cannot create an environment; install its venv module (Debian, Ubuntu: apt install python3-venv)"
fi
echo "Installing $requirements into $folder, once${takes:+ ($takes)}"
install || fail "could not install $requirements into $folder"
