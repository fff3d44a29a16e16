// Which tones are in a recording, and for how long: who heard whom, when each speaks at a pitch of his own.
import { readFileSync } from "node:fs";

// A window is long enough to tell tones 50 Hz apart, and short enough to count by.
const WINDOW_SECONDS = 0.1;
// A tone counts from this amplitude, of 32,768; those that the soft phones make come at some 3,000.
const AUDIBLE = 600;

// For how many seconds a tone is heard in these WAV files of 16-bit samples, all together.
export function secondsOf(files, hertz) {
  let windows = 0;
  for (const file of files) {
    const { samples, rate } = read(file);
    const length = Math.round(rate * WINDOW_SECONDS);
    for (let start = 0; start + length <= samples.length; start += length) {
      if (amplitude(samples.subarray(start, start + length), rate, hertz) >= AUDIBLE) windows += 1;
    }
  }
  return windows * WINDOW_SECONDS;
}

// How loud a file is: root mean square of samples from 0 to 1.
export function loudness(file) {
  const { samples } = read(file);
  const sum = samples.reduce((sum, sample) => sum + (sample / 32_768) ** 2, 0);
  return Math.sqrt(sum / Math.max(1, samples.length));
}

function read(file) {
  const wav = readFileSync(file);
  const start = wav.indexOf("data") + 8;
  const samples = new Int16Array((wav.length - start) >> 1);
  for (let index = 0; index < samples.length; index++) samples[index] = wav.readInt16LE(start + 2 * index);
  return { samples, rate: wav.readUInt32LE(24) };
}

// By Goertzel's algorithm.
function amplitude(samples, rate, hertz) {
  const turn = 2 * Math.cos((2 * Math.PI * hertz) / rate);
  let [one, two] = [0, 0];
  for (const sample of samples) [one, two] = [sample + turn * one - two, one];
  return (2 * Math.sqrt(Math.max(0, one * one + two * two - turn * one * two))) / samples.length;
}
