"""Spoken names: a text read aloud by the packaged eSpeak NG, as samples; and a WAV file of them."""

from __future__ import annotations

import ctypes
import os
import sys
import wave
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from mmlearn.types import FloatArray, IntArray

RATE = 22050  # samples a second: eSpeak NG's own
_SYNCHRONOUS, _DO_NOT_EXIT, _UTF8 = 2, 0x8000, 1  # constants of espeak's speak_lib.h
_VOWELS = frozenset("aeiouy")


@dataclass(frozen=True, eq=False)
class Waveform:
    """A sound: air pressure at equal steps of time.

    Built in: lesson 01.
    """

    samples: FloatArray  # (N,) float32, -1 to 1, without unit: 1 is the loudest the format holds
    rate: int  # samples a second (Hz)
    text: str  # what is said
    voice: str  # "en-us", "cmn" ...
    synthetic: bool  # True: no speech, a stand-in of hums and hisses

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return len(self.samples) / self.rate


def speak(text: str, voice: str = "en-us") -> Waveform:
    """Read a text aloud with eSpeak NG; where its wheel is missing, make a stand-in and say so.

    The voice trembles a little, as a human voice does, and goes on from where it was: the first reading in
    a process is the same every time, a second reading of the same word differs in its samples.

    The stand-in (a notice printed once, ``synthetic=True``) hums for a vowel or a character that is no letter of
    a to z, and hisses for a consonant, 0.15 s each. It is not speech, but it has the same shape and range.

    Args:
        text: what to say, at least one letter or digit.
        voice: an eSpeak NG voice or language code: "en-us", "en-gb", "cmn" (Mandarin), "yue" (Cantonese) ...

    Returns a `Waveform` of 22,050 samples a second. Raises ValueError for an empty text,
    one with a NUL character (nothing behind it would be said) or an unknown voice, TypeError for no text.

    >>> speak("fox").rate
    22050

    Built in: lesson 01.
    """
    if not isinstance(text, str):
        raise TypeError(f"expected a text to say, got {text!r}")
    if "\0" in text:
        raise ValueError(f"expected a text without NUL characters, got {text!r}")
    if not any(letter.isalnum() for letter in text):
        raise ValueError(f"expected a text with at least one letter or digit to say, got {text!r}")
    if (engine := _engine()) is None:
        return Waveform(_stand_in(text), RATE, text, voice, synthetic=True)
    samples = engine(text, voice).astype(np.float32) / 32768  # 16-bit numbers to -1 ... 1
    return Waveform(samples, RATE, text, voice, synthetic=False)


@cache
def _engine() -> Callable[[str, str], IntArray] | None:
    """Load the library once; None, and a notice, where there is no wheel for this system or it cannot start."""
    engine = _load()
    if engine is None:
        print("Notice: no eSpeak NG on this system, so hums and hisses stand in for the voice.")
        print("To install, where there is a wheel: pip install espeakng-loader")
    return engine


def _load() -> Callable[[str, str], IntArray] | None:
    try:
        import espeakng_loader

        library = ctypes.CDLL(espeakng_loader.get_library_path())
        folder = espeakng_loader.get_data_path()
        # eSpeak opens its files by the system's 8-bit path, which on Windows is not UTF-8.
        path = folder.encode("mbcs") if sys.platform == "win32" else os.fsencode(folder)
    except (ImportError, OSError, RuntimeError, UnicodeEncodeError):
        return None
    if library.espeak_Initialize(_SYNCHRONOUS, 0, path, _DO_NOT_EXIT) != RATE:
        return None
    return _reader(library)


def _reader(library: ctypes.CDLL) -> Callable[[str, str], IntArray]:
    """The function that says a text: the library hands over the samples in pieces, through a callback."""
    pieces: list[IntArray] = []
    signature = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)

    def keep(samples: object, count: int, events: object) -> int:
        if samples and count > 0:
            pieces.append(np.ctypeslib.as_array(samples, (count,)).copy())
        return 0  # 0: go on

    callback = signature(keep)
    library.espeak_SetSynthCallback(callback)
    library.espeak_Synth.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint, ctypes.c_int]
    library.espeak_Synth.argtypes += [ctypes.c_uint, ctypes.c_uint, ctypes.c_void_p, ctypes.c_void_p]

    def read(text: str, voice: str) -> IntArray:
        pieces.clear()
        if library.espeak_SetVoiceByName(voice.encode("utf-8")) != 0:
            raise ValueError(f'eSpeak NG knows no voice {voice!r}: try "en-us", "en-gb", "cmn" or "yue"')
        data = text.encode("utf-8")
        status = library.espeak_Synth(data, len(data) + 1, 0, 1, 0, _UTF8, None, None)
        if status != 0 or not pieces:
            raise RuntimeError(f"eSpeak NG could not say {text!r} in {voice!r} (status {status})")
        return np.concatenate(pieces)

    read.callback = callback  # type: ignore[attr-defined]  # kept alive as long as the library may call it
    return read


def _stand_in(text: str) -> FloatArray:
    """A hum (120 Hz and overtones) for a vowel, a hiss for a consonant, 0.15 s each, faded in and out."""
    noise = np.random.default_rng(0)
    time = np.arange(int(0.15 * RATE)) / RATE  # seconds
    fade = np.sin(np.pi * np.arange(len(time)) / len(time))
    hum = np.sum([np.sin(2 * np.pi * 120 * k * time) / k for k in range(1, 20)], axis=0) * 0.3
    parts = []
    for letter in filter(str.isalnum, text.lower()):
        consonant = letter.isascii() and letter.isalpha() and letter not in _VOWELS
        sound = np.diff(noise.uniform(-0.25, 0.25, len(time) + 1)) if consonant else hum
        parts.append(sound * fade)
    return np.concatenate(parts).astype(np.float32)


def write_wav(path: str | Path, sound: Waveform) -> Path:
    """Write a sound as a WAV file: one channel, 16 bits a sample, playable everywhere.

    A sample x becomes ``round(32767 x)``. Returns the path. Raises ValueError if a sample lies outside
    -1 to 1 (it would wrap round, a loud crack) or is not a number.

    >>> import tempfile
    >>> silence = Waveform(np.zeros(8, dtype=np.float32), 8000, "", "", synthetic=True)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_wav(Path(folder) / "silence.wav", silence).stat().st_size       # 44 bytes of header
    60

    Built in: lesson 01.
    """
    samples = np.asarray(sound.samples, dtype=np.float64)
    if samples.ndim != 1 or not (np.abs(samples) <= 1).all():
        raise ValueError("expected one channel of samples from -1 to 1: divide by the largest magnitude first")
    # Opened here: the wave module, given a path that cannot be opened, complains a second time later on.
    with open(path, "wb") as opened, wave.open(opened, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sound.rate)
        file.writeframes(np.round(samples * 32767).astype("<i2").tobytes())
    return Path(path)
