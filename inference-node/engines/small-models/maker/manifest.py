"""`model.toml`: what the node's model store reads beside the files of a model."""

from dataclasses import dataclass, field
from pathlib import Path

# The models are made anew wherever they are needed; nobody publishes them, and the date is that of their first version.
OWN_LICENCE = "EUPL-1.2"
OWN_SOURCE = ("https://sfetnic.invalid/small-models", "Sfetnic", "2026-11-22")


@dataclass
class Manifest:
    """One model. `files` are pairs of a path and a role."""

    id: str
    task: str
    engine: str
    languages: list
    ram_bytes: int
    files: list = field(default_factory=list)
    vram_bytes: int | None = None
    context: int | None = None
    voice: tuple | None = None
    settings: dict = field(default_factory=dict)
    licence: str = OWN_LICENCE
    source: tuple = OWN_SOURCE

    def text(self):
        """The manifest as TOML. No value needs more than TOML's plain quoting."""
        url, publisher, date = self.source
        lines = [
            "schema = 1",
            f'id = "{self.id}"',
            f'task = "{self.task}"',
            f'engine = "{self.engine}"',
            "languages = [" + ", ".join(f'"{language}"' for language in self.languages) + "]",
        ]
        if self.context:
            lines.append(f"context = {self.context}")
        lines += ["", "[memory]"]
        if self.vram_bytes:
            lines.append(f"vram_bytes = {self.vram_bytes}")
        lines.append(f"ram_bytes = {self.ram_bytes}")
        if self.voice:
            lines += ["", "[voice]", f'name = "{self.voice[0]}"', f"sample_rate = {self.voice[1]}"]
        if self.settings:
            lines += ["", "[settings]"]
            lines += [f"{name} = {str(value).lower()}" for name, value in self.settings.items()]
        lines += ["", "[licence]", f'spdx = "{self.licence}"']
        lines += ["", "[source]", f'url = "{url}"', f'publisher = "{publisher}"', f'date = "{date}"']
        for path, role in self.files:
            lines += ["", "[[files]]", f'path = "{path}"', f'role = "{role}"']
        return "\n".join(lines) + "\n"

    def write(self, folder: Path):
        """Writes `model.toml`."""
        (folder / "model.toml").write_text(self.text(), encoding="utf-8")
