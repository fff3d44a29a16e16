/** Storage that may be missing (private windows, blocked cookies): then it lasts as long as the page. */
export class Shelf {
  private readonly memory = new Map<string, string>();

  constructor(private readonly prefix: string) {}

  read<T>(name: string): T | undefined {
    try {
      const text = localStorage.getItem(this.prefix + name) ?? this.memory.get(name);
      return text ? (JSON.parse(text) as T) : undefined;
    } catch {
      const text = this.memory.get(name);
      return text ? (JSON.parse(text) as T) : undefined;
    }
  }

  write(name: string, value: unknown): void {
    const text = JSON.stringify(value);
    this.memory.set(name, text);
    try {
      localStorage.setItem(this.prefix + name, text);
    } catch {
      // Kept in memory.
    }
  }

  remove(name: string): void {
    this.memory.delete(name);
    try {
      localStorage.removeItem(this.prefix + name);
    } catch {
      // Nothing was kept.
    }
  }
}
