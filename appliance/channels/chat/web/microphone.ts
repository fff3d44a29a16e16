// Runs beside the page on the browser's audio thread: hands on what the microphone hears, in pieces of a tenth of a second
// at most. Loaded by lib/microphone.ts.

declare abstract class AudioWorkletProcessor {
  readonly port: MessagePort;
  abstract process(inputs: Float32Array[][]): boolean;
}
declare function registerProcessor(name: string, processor: new () => AudioWorkletProcessor): void;

const PIECE = 4096;

class Microphone extends AudioWorkletProcessor {
  private piece = new Float32Array(PIECE);
  private filled = 0;

  process(inputs: Float32Array[][]): boolean {
    const [channel] = inputs[0] ?? [];
    if (!channel) return true;
    if (this.filled + channel.length > PIECE) {
      const piece = this.piece.slice(0, this.filled);
      this.port.postMessage(piece, [piece.buffer]);
      this.filled = 0;
    }
    this.piece.set(channel, this.filled);
    this.filled += channel.length;
    return true;
  }
}

registerProcessor("microphone", Microphone);

// A module of its own, for the names above are not the page's.
export {};
