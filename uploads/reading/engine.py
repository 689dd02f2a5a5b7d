"""Reading print: rapidocr with the models of its wheel, one thread, nothing from anywhere else."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import rapidocr
from numpy.typing import NDArray
from rapidocr.main import RapidOCRError

from uploads.reading.sheets import Picture, reduced

FIND_PIXELS = 1280 * 960
"""Where text stands is found on this; what it says is read from the larger picture. Cards that
fill 0.4 of a photo and print of 2.6 mm on a whole sheet are found as well as on twice as many,
and the finding is three quarters of the work."""
LEAST_SHORT_SIDE = 736
"""A smaller picture is enlarged to it: the finder misses characters of less than 8 pixels."""
LEAST_PIXELS_A_SIDE = 32
MAX_LINES = 500
SURE = 0.5
"""Below it the recogniser guesses; texture and guilloche give such lines."""

_MODELS = Path(rapidocr.__file__).parent / "models"
_SETTINGS: dict[str, Any] = {
    "Global.log_level": "critical",
    "Global.use_vertical_padding": False,
    "Global.use_preprocess_img": False,
    # A model that is named is not looked for, so nothing asks the network for one.
    "Det.model_path": str(_MODELS / "PP-OCRv6_det_small.onnx"),
    "Cls.model_path": str(_MODELS / "ch_ppocr_mobile_v2.0_cls_mobile.onnx"),
    "Rec.model_path": str(_MODELS / "PP-OCRv6_rec_small.onnx"),
    # The size is ours to choose, here and nowhere else.
    "Det.limit_type": "max",
    "Det.limit_side_len": 32_000,
    # Judged by its own outline: judged by its box, of long lines that slope each fifth is lost.
    "Det.score_mode": "slow",
    "EngineConfig.onnxruntime.intra_op_num_threads": 1,
    "EngineConfig.onnxruntime.inter_op_num_threads": 1,
}

Quads = NDArray[Any]
"""Corners of lines of text, in pixels: upper left, upper right, lower right, lower left."""


@dataclass(frozen=True)
class Words:
    """What one line says and how sure that is."""

    text: str
    score: float


class Engine:
    """Finds lines of text, tells which way up they are, and reads them."""

    def __init__(self) -> None:
        cv2.setNumThreads(1)
        self._ocr: Any = rapidocr.RapidOCR(params=_SETTINGS)

    def find(self, picture: Picture) -> Quads:
        """Return the lines of text on a picture, whichever way it lies."""
        if min(picture.shape[:2]) < LEAST_PIXELS_A_SIDE:
            return np.empty((0, 4, 2), np.float32)
        resized = _for_finding(picture)
        try:
            _, found = self._ocr.detect_and_crop(resized, {})
        except RapidOCRError:
            return np.empty((0, 4, 2), np.float32)
        ratio = np.array(picture.shape[1::-1]) / resized.shape[1::-1]
        return (np.asarray(found.boxes[:MAX_LINES]) * ratio).astype(np.float32)

    def crops(self, picture: Picture, quads: Quads) -> list[Picture]:
        """Cut lines out; one that stands on end is laid down, turned to the left."""
        return list(self._ocr.crop_text_regions(picture, quads))

    def upside_down(self, crops: Sequence[Picture]) -> list[float]:
        """Return for each line how sure it is that it stands on its head, from 0 to 1."""
        if not crops:
            return []
        _, told = self._ocr.cls_and_rotate(list(crops))
        return [score if label == "180" else 1 - score for label, score in told.cls_res]

    def read(self, crops: Sequence[Picture]) -> list[Words]:
        """Return what lines that are upright say."""
        if not crops:
            return []
        said = self._ocr.recognize_txt(list(crops))
        return [
            Words(text.strip(), float(score))
            for text, score in zip(said.txts, said.scores, strict=True)
        ]


def _for_finding(picture: Picture) -> Picture:
    height, width = picture.shape[:2]
    smaller = reduced(picture, FIND_PIXELS)
    if smaller is not picture:
        return smaller
    ratio = min(LEAST_SHORT_SIDE / min(width, height), math.sqrt(FIND_PIXELS / (width * height)))
    if ratio <= 1:
        return picture
    size = round(width * ratio), round(height * ratio)
    return cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC)
