/** The rate at which speech is written down: more is not heard by the models. */
export const RATE = 16000;
/** Half the length of the filter, in periods of the lower rate. */
const REACH = 12;

/** `samples` at `RATE`, without what that rate cannot hold: a windowed sinc, reckoned where it is needed. */
export function resample(samples: Float32Array, rate: number): Float32Array {
  if (rate === RATE) return samples;
  const step = rate / RATE;
  const cut = Math.min(1, 1 / step);
  const half = Math.ceil(REACH / cut);
  const output = new Float32Array(Math.floor(samples.length / step));
  for (let index = 0; index < output.length; index += 1) {
    const middle = index * step;
    const first = Math.max(0, Math.ceil(middle - half));
    const last = Math.min(samples.length - 1, Math.floor(middle + half));
    let sum = 0;
    for (let at = first; at <= last; at += 1) {
      const away = at - middle;
      const angle = Math.PI * away * cut;
      const sinc = angle === 0 ? 1 : Math.sin(angle) / angle;
      // Hann.
      sum += (samples[at] ?? 0) * sinc * (0.5 + 0.5 * Math.cos((Math.PI * away) / half));
    }
    output[index] = sum * cut;
  }
  return output;
}

/** Samples at `RATE` as a WAV of one channel and 16 bits. */
export function wav(samples: Float32Array): Blob {
  const bytes = new DataView(new ArrayBuffer(44 + samples.length * 2));
  const text = (at: number, letters: string): void => {
    for (let index = 0; index < letters.length; index += 1) bytes.setUint8(at + index, letters.charCodeAt(index));
  };
  text(0, "RIFF");
  bytes.setUint32(4, 36 + samples.length * 2, true);
  text(8, "WAVEfmt ");
  bytes.setUint32(16, 16, true);
  bytes.setUint16(20, 1, true);
  bytes.setUint16(22, 1, true);
  bytes.setUint32(24, RATE, true);
  bytes.setUint32(28, RATE * 2, true);
  bytes.setUint16(32, 2, true);
  bytes.setUint16(34, 16, true);
  text(36, "data");
  bytes.setUint32(40, samples.length * 2, true);
  samples.forEach((sample, index) => {
    const clipped = Math.max(-1, Math.min(1, sample));
    bytes.setInt16(44 + index * 2, Math.round(clipped * 32767), true);
  });
  return new Blob([bytes.buffer], { type: "audio/wav" });
}

/** How loud it is: root mean square, 0 to 1. */
export function loudness(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return samples.length ? Math.sqrt(sum / samples.length) : 0;
}
