"""Transcribes a file with whisper.cpp's own binding and prints the seconds it took: `whisper_cpp.py MODEL FILE`."""

import sys
import time

from pywhispercpp.model import Model

# As the node sets the small model: one thread, one try, no text before.
model = Model(sys.argv[1], n_threads=1, print_progress=False, print_realtime=False, temperature_inc=0.0, no_context=True)
model.transcribe(sys.argv[2], language="ro")
started = time.perf_counter()
model.transcribe(sys.argv[2], language="ro")
print(time.perf_counter() - started)
