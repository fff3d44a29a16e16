import { loudness, resample, wav } from "./wav";

/** The longest recording, in seconds. */
export const MOST_SECONDS = 60;
/** So many seconds of silence after speech end a recording; so many without any speech as well. */
const PAUSE = 2.5;
const NOBODY = 8;
/** Speech is louder than this, and than three times the room. */
const QUIETEST = 0.008;
/** So many seconds of it are more than a knock. */
const SPEECH = 0.2;

/** What a recording tells while it goes on: its seconds so far and how loud it is now, 0 to 1. */
export type Meter = (seconds: number, level: number) => void;

/** Tells speech from the room by loudness; the room is the quietest that was heard, forgotten slowly. */
class Ear {
  private room = 1;
  spoken = 0;
  silent = 0;

  hear(level: number, seconds: number): void {
    this.room = Math.min(level, this.room * 1.02 ** (seconds * 10));
    if (level > Math.max(QUIETEST, Math.min(0.05, this.room * 3))) {
      this.spoken += seconds;
      this.silent = 0;
    } else {
      this.silent += seconds;
    }
  }

  get heard(): boolean {
    return this.spoken >= SPEECH;
  }

  get done(): boolean {
    return this.silent >= (this.heard ? PAUSE : NOBODY);
  }
}

/** One recording from the microphone. It ends when it is stopped, after a minute, or when nobody talks any more. */
export class Recording {
  /** The recording; `undefined` when nobody spoke. */
  readonly result: Promise<Blob | undefined>;
  private end: () => void = () => undefined;

  private constructor(
    private readonly stream: MediaStream,
    private readonly context: AudioContext,
    private readonly meter: Meter,
    /** Whether the script listens on the audio thread; else the browser's own recorder does. */
    listens: boolean,
  ) {
    const ended = new Promise<void>((resolve) => (this.end = resolve));
    this.result = (listens ? this.record(ended) : this.recordEncoded(ended)).finally(() => {
      for (const track of stream.getTracks()) track.stop();
      void context.close();
    });
  }

  /** Asks for the microphone. Rejects with the browser's DOMException where there is none or it is refused. */
  static async start(script: string, meter: Meter): Promise<Recording> {
    // Made within the press of the button: some browsers let it run only then.
    const context = new AudioContext();
    try {
      // The site's policy may keep the script out. Loaded before anybody is asked to talk, so that no word is lost.
      const listens = await context.audioWorklet.addModule(script).then(() => true, () => false);
      const audio = { channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: true };
      const stream = await navigator.mediaDevices.getUserMedia({ audio });
      await context.resume();
      return new Recording(stream, context, meter, listens);
    } catch (error) {
      void context.close();
      throw error;
    }
  }

  stop(): void {
    this.end();
  }

  private async record(ended: Promise<void>): Promise<Blob | undefined> {
    const source = this.context.createMediaStreamSource(this.stream);
    const node = new AudioWorkletNode(this.context, "microphone", { numberOfOutputs: 0, channelCount: 1, channelCountMode: "explicit" });
    const rate = this.context.sampleRate;
    const ear = new Ear();
    const pieces: Float32Array[] = [];
    let samples = 0;
    node.port.onmessage = (message: MessageEvent<Float32Array>) => {
      const piece = message.data;
      const level = loudness(piece);
      pieces.push(piece);
      samples += piece.length;
      ear.hear(level, piece.length / rate);
      this.meter(samples / rate, level);
      if (samples / rate >= MOST_SECONDS || ear.done) this.stop();
    };
    source.connect(node);
    await ended;
    source.disconnect();
    node.port.close();
    if (!ear.heard) return undefined;
    const all = new Float32Array(Math.min(samples, MOST_SECONDS * rate));
    let at = 0;
    for (const piece of pieces) {
      const fits = piece.subarray(0, all.length - at);
      all.set(fits, at);
      at += fits.length;
    }
    return wav(resample(all, rate));
  }

  /** The browser's own recorder, and its own decoder afterwards. */
  private async recordEncoded(ended: Promise<void>): Promise<Blob | undefined> {
    const analyser = this.context.createAnalyser();
    this.context.createMediaStreamSource(this.stream).connect(analyser);
    const recorder = new MediaRecorder(this.stream);
    const parts: Blob[] = [];
    recorder.ondataavailable = (event) => parts.push(event.data);
    const written = new Promise<void>((resolve) => (recorder.onstop = () => resolve()));
    recorder.start();
    const ear = new Ear();
    const samples = new Float32Array(analyser.fftSize);
    const began = performance.now();
    let last = began;
    const timer = setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      const now = performance.now();
      const level = loudness(samples);
      ear.hear(level, (now - last) / 1000);
      last = now;
      this.meter((now - began) / 1000, level);
      if (now - began >= MOST_SECONDS * 1000 || ear.done) this.stop();
    }, 100);
    await ended;
    clearInterval(timer);
    recorder.stop();
    await written;
    if (!ear.heard) return undefined;
    const decoded = await this.context.decodeAudioData(await new Blob(parts).arrayBuffer());
    return wav(resample(decoded.getChannelData(0), decoded.sampleRate));
  }
}
