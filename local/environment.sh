#!/bin/sh
# Installs requirements into a virtual environment, made first if need be:
#   environment.sh FOLDER REQUIREMENTS [VERSION] [WHAT IT TAKES]
# By uv, if that is on the PATH and knows where to get them; it ignores how pip is configured. Otherwise by pip.
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
    [ -z "$version" ] || fail "no Python $version found, the one that the deployed functions run on; install it"
    fail "no Python 3.11 or newer found; install one (Debian, Ubuntu: apt install python3-venv) or name one: PYTHON=…"
}

# With pip, by which it can be renewed without uv. Debian's Python may lack what `venv` takes pip from: a pip beside it
# will do as well.
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
        fail "$python cannot make an environment; install its venv module (Debian, Ubuntu: apt install python3-venv)"
fi
echo "Installing what $requirements lists into $folder, once${takes:+; it takes $takes}"
install || fail "could not install all of $requirements into $folder"
