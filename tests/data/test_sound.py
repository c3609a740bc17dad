"""Speech where the wheel is, the stand-in where it is not, and the WAV file of either."""

from __future__ import annotations

import gc
import importlib.util
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest

from mmlearn.data import sound
from mmlearn.data.sound import RATE, Waveform, speak, write_wav

HAS_VOICE = importlib.util.find_spec("espeakng_loader") is not None
needs_voice = pytest.mark.skipif(not HAS_VOICE, reason="espeakng-loader is not installed on this system")


def _spectrum_share_above(samples: np.ndarray, hz: float) -> float:
    power = np.abs(np.fft.rfft(samples)) ** 2
    return float(power[np.fft.rfftfreq(len(samples), 1 / RATE) > hz].sum() / power.sum())


@needs_voice
@pytest.mark.parametrize(("text", "voice"), [("fox", "en-us"), ("狐狸", "cmn")])
def test_speech_has_the_promised_shape_and_range(text: str, voice: str) -> None:
    said = speak(text, voice)
    assert not said.synthetic and said.rate == RATE and said.voice == voice and said.text == text
    assert said.samples.dtype == np.float32 and said.samples.ndim == 1
    assert 0.2 < said.seconds < 1.5
    assert 0.1 < np.abs(said.samples).max() <= 1


@needs_voice
def test_a_longer_text_takes_longer_and_voices_differ() -> None:
    assert speak("the quick brown fox").seconds > 1.5 * speak("fox").seconds
    assert speak("10", "cmn").seconds != speak("10", "en-us").seconds


@needs_voice
def test_the_first_reading_of_a_process_is_repeatable() -> None:
    code = "import hashlib; from mmlearn.data.sound import speak; "
    code += "print(hashlib.sha256(speak('fox').samples.tobytes()).hexdigest())"
    runs = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True) for _ in range(2)]
    assert all(run.returncode == 0 for run in runs), runs[0].stderr
    assert runs[0].stdout == runs[1].stdout


@needs_voice
def test_an_unknown_voice_is_an_error() -> None:
    with pytest.raises(ValueError, match="knows no voice 'klingon-xx'"):
        speak("fox", "klingon-xx")
    assert speak("fox").seconds > 0.2  # and the engine still works


@pytest.mark.parametrize("text", ["", "  ", "!?"])
def test_nothing_to_say_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="at least one letter"):
        speak(text)


def test_without_the_wheel_a_stand_in_says_that_it_is_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
    sound._engine.cache_clear()
    try:
        fox, fuchs = speak("fox"), speak("狐狸", "cmn")
    finally:
        sound._engine.cache_clear()
    assert fox.synthetic and fuchs.synthetic
    assert capsys.readouterr().out.count("pip install espeakng-loader") == 1  # said once, not for every word
    assert fox.samples.dtype == np.float32 and 0.1 < np.abs(fox.samples).max() <= 1
    third = len(fox.samples) // 3
    hiss, hum = fox.samples[:third], fox.samples[third : 2 * third]
    assert _spectrum_share_above(hiss, 4000) > 0.5 > 0.1 > _spectrum_share_above(hum, 4000)


def test_wav_file_holds_the_samples(tmp_path: Path) -> None:
    samples = np.array([0.0, 1.0, -1.0, 0.5, -0.25], dtype=np.float32)
    path = write_wav(tmp_path / "a.wav", Waveform(samples, 8000, "", "", synthetic=True))
    with wave.open(str(path), "rb") as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 8000)
        stored = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
    assert stored.tolist() == [0, 32767, -32767, 16384, -8192]


def test_wav_refuses_samples_that_would_wrap_round(tmp_path: Path) -> None:
    loud = Waveform(np.array([0.0, 1.2], dtype=np.float32), 8000, "", "", synthetic=True)
    with pytest.raises(ValueError, match="from -1 to 1"):
        write_wav(tmp_path / "b.wav", loud)
    silent = Waveform(np.array([np.nan], dtype=np.float32), 8000, "", "", synthetic=True)
    with pytest.raises(ValueError, match="from -1 to 1"):
        write_wav(tmp_path / "c.wav", silent)
    assert not list(tmp_path.iterdir())


def test_a_bad_path_is_one_error_and_no_second_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The wave module, given the path, complains once more when its half-made writer is thrown away."""
    unraised: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", unraised.append)
    with pytest.raises(FileNotFoundError):
        write_wav(tmp_path / "no folder" / "a.wav", Waveform(np.zeros(4, np.float32), 8000, "", "", synthetic=True))
    gc.collect()
    assert unraised == []


@pytest.mark.parametrize("text", [None, 3, ["fox"]])
def test_what_is_no_text_is_an_error(text: object) -> None:
    with pytest.raises(TypeError, match="expected a text to say, got"):
        speak(text)  # type: ignore[arg-type]


def test_a_text_is_never_cut_short() -> None:
    """The library reads up to the first NUL: what stands behind it would go unsaid."""
    with pytest.raises(ValueError, match="without NUL characters"):
        speak("a\0b")
