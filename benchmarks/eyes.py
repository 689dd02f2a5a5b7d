"""Reading one photo of 12 megapixels, against a bare call of the engine on a reduced picture.

``python -m benchmarks.eyes PICTURE`` is the yardstick: it reads the picture once for each line on
its standard input, with an engine that is warm.
"""

import asyncio
import io
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from PIL import Image
from rapidocr import RapidOCR

from benchmarks.crowd import photo
from benchmarks.load import ROOT
from benchmarks.report import Line
from services.ports.reading import Sheet
from uploads.reading.engine import FIND_PIXELS
from uploads.reading.reader import PROGRAM, ChildReader

ROUNDS = 5
MOST = 1.2
TICKS = os.sysconf("SC_CLK_TCK")


def eyes() -> Line:
    """Compare what both take of the processor, in turn."""
    data = photo(0)
    with TemporaryDirectory() as folder, Image.open(io.BytesIO(data)) as large:
        picture = Path(folder) / "reduced.png"
        ratio = (FIND_PIXELS / (large.width * large.height)) ** 0.5
        large.resize((round(large.width * ratio), round(large.height * ratio))).save(picture)
        with _yardstick(picture) as bare:
            return asyncio.run(_compared(data, bare))


async def _compared(data: bytes, bare: subprocess.Popen[str]) -> Line:
    reader = ChildReader()
    try:
        rounds = [await _round(reader, data, bare) for _ in range(ROUNDS + 1)]
    finally:
        await reader.close()
    # The first round warms both engines.
    ours = median(pair[0] for pair in rounds[1:])
    theirs = median(pair[1] for pair in rounds[1:])
    return Line(
        "reading a photo of 12 megapixels, processor time",
        f"{ours:.2f} s",
        f"<= {MOST}",
        ours / theirs <= MOST,
        bare=f"{theirs:.2f} s",
        ratio=f"{ours / theirs:.2f}",
    )


async def _round(
    reader: ChildReader, data: bytes, bare: subprocess.Popen[str]
) -> tuple[float, float]:
    before = {pid: _spent(pid) for pid in reader.pids}
    here = _spent(os.getpid())
    await reader.read([Sheet("image/jpeg", len(data), _whole(data))])
    (pid,) = reader.pids
    ours = _spent(pid) - before.get(pid, 0.0) + _spent(os.getpid()) - here
    began = _spent(bare.pid)
    await asyncio.to_thread(_once, bare)
    return ours, _spent(bare.pid) - began


def _once(bare: subprocess.Popen[str]) -> None:
    if bare.stdin is None or bare.stdout is None:
        raise RuntimeError("no pipes")
    bare.stdin.write("\n")
    bare.stdin.flush()
    if not int(bare.stdout.readline()):
        raise RuntimeError("nothing was read")


async def _whole(data: bytes) -> AsyncIterator[bytes]:
    yield data


def _spent(pid: int) -> float:
    """Return the seconds of the processor that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


@contextmanager
def _yardstick(picture: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "benchmarks.eyes", str(picture)]
    environment = dict(PROGRAM.environment)
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, cwd=ROOT, text=True
    ) as bare:
        try:
            yield bare
        finally:
            bare.kill()


def main() -> None:
    one = "EngineConfig.onnxruntime.intra_op_num_threads"
    engine: Any = RapidOCR(params={one: 1, "Global.log_level": "critical"})
    picture = np.asarray(Image.open(sys.argv[1]).convert("RGB"))[..., ::-1]
    for _ in sys.stdin:
        print(len(engine(picture).txts or ()), flush=True)


if __name__ == "__main__":
    main()
