"""A TCP connection on an event loop, by whichever address of a host answers."""

from __future__ import annotations

import asyncio
import socket


async def connected(host: str, port: int, seconds: float) -> socket.socket:
    """A socket, within so many seconds for all addresses together; each gets an even share of
    what is left. Raises `OSError` (`TimeoutError` is one), that of the last address."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    failure: OSError | None = None
    for place, (family, kind, protocol, _, address) in enumerate(found):
        share = (end - loop.time()) / (len(found) - place)
        made = socket.socket(family, kind, protocol)
        made.setblocking(False)
        try:
            await asyncio.wait_for(loop.sock_connect(made, address), share)
        except OSError as error:
            made.close()
            failure = error
        except BaseException:
            made.close()
            raise
        else:
            return made
    raise failure or OSError("the host has no address")
