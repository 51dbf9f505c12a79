"""Modbus registers served by pymodbus: framing, check and exceptions are not our own.

Needs pymodbus 3.16 or later: `pip install 'dosebook-edge[simulate]'`.
"""

import asyncio
import logging
import threading
from importlib.util import find_spec
from types import TracebackType
from typing import Any, Final, Self

from dosebook_edge.simulate.instrument.profile import Playable, Registers, UnplayableError

_HOST: Final = "127.0.0.1"
_DEADLINE_S: Final = 10.0
_HOLDING: Final = 3


class ModbusServer:
    """The registers of a profile, behind a server of pymodbus in a thread of its own."""

    def __init__(self, profile: Playable) -> None:
        if find_spec("pymodbus") is None:
            raise UnplayableError(
                "to simulate a Modbus instrument: pip install 'dosebook-edge[simulate]'"
            )
        self._profile = profile
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="modbus", daemon=True)
        self._server: Any = None
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        self._call(self._start())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._call(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_DEADLINE_S)
        self._loop.close()

    def answer(self, request: bytes, block: Registers, data: bytes) -> bytes:
        """What the server answers to a request while a block of registers holds these bytes."""
        values = [int.from_bytes(data[i : i + 2], "big") for i in range(0, len(data), 2)]
        answer: bytes = self._call(self._ask(request, block, values))
        return answer

    def _call(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_DEADLINE_S)

    async def _start(self) -> None:
        from pymodbus import FramerType
        from pymodbus.server import ModbusTcpServer

        # A refused request is part of the play, not a fault to be logged.
        logging.getLogger("pymodbus").setLevel(logging.CRITICAL)
        framer = FramerType.RTU if self._profile.framing["mode"] == "rtu" else FramerType.SOCKET
        self._server = ModbusTcpServer(self._devices(), address=(_HOST, 0), framer=framer)
        await self._server.serve_forever(background=True)
        port = self._server.transport.sockets[0].getsockname()[1]
        self._reader, self._writer = await asyncio.open_connection(_HOST, port)

    async def _stop(self) -> None:
        if self._writer is not None:
            self._writer.close()
        await self._server.shutdown()

    async def _ask(self, request: bytes, block: Registers, values: list[int]) -> bytes:
        assert self._reader is not None  # noqa: S101 - the server was started
        assert self._writer is not None  # noqa: S101 - same
        await self._server.async_setValues(block.unit_id, block.function, block.address, values)
        self._writer.write(request)
        head = 2 if self._profile.framing["mode"] == "rtu" else 8
        answer = await self._reader.readexactly(head)
        # An exception is one byte long, any other answer says its length; RTU has a CRC at the end.
        tail = 2 if head == 2 else 0
        if answer[-1] & 0x80:
            return answer + await self._reader.readexactly(1 + tail)
        size = await self._reader.readexactly(1)
        return answer + size + await self._reader.readexactly(size[0] + tail)

    def _devices(self) -> list[Any]:
        from pymodbus.simulator import DataType, SimData, SimDevice

        def block(function: int, unit_id: int) -> list[Any]:
            mine = [
                SimData(one.address, count=one.count, values=0, datatype=DataType.REGISTERS)
                for one in self._profile.registers
                if (one.function, one.unit_id) == (function, unit_id)
            ]
            return mine or [SimData(0, count=1, values=0, datatype=DataType.REGISTERS)]

        def bits() -> list[Any]:
            return [SimData(0, count=1, values=False, datatype=DataType.BITS)]

        units = sorted({one.unit_id for one in self._profile.registers})
        return [
            SimDevice(unit, simdata=(bits(), bits(), block(_HOLDING, unit), block(4, unit)))
            for unit in units
        ]
