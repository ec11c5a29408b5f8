"""A port for a server that is told its port."""

import socket


def reserve_port() -> tuple[socket.socket, int]:
    """A free loopback port, and the socket that keeps it: nobody is given the port by chance while it is open.

    Who asks for this very port and says SO_REUSEADDR, as servers do, may listen on it all the same.
    """
    reserved = socket.socket()
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    reserved.bind(("127.0.0.1", 0))
    return reserved, reserved.getsockname()[1]
