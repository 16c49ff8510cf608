"""Ports of this machine, for programs that are started to listen on one."""

import socket
import subprocess
import time


def free_port() -> int:
    """Find a port that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


def comes_to_listen(process: subprocess.Popen[bytes], port: int, *, within_s: float, host: str = "127.0.0.1") -> bool:
    """Wait until a process listens on a port; it does not if it ends, or takes longer."""
    deadline = time.monotonic() + within_s
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection((host, port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return True
    return False
