// The element <sfetnic-chat>. On the appliance's own pages it takes over the conversation that the server rendered; on another
// site, embedded by <script src="https://…/embed.js" defer>, it shows a button that opens the conversation in a panel.
import panelCss from "./shared/panel.css?text";
import { Api, type Session } from "./lib/api";
import { Chat } from "./lib/chat";
import type { Texts } from "./lib/types";
import { View } from "./lib/view";

const script = document.currentScript as HTMLScriptElement | null;
const home = script ? new URL(script.src).origin : location.origin;

class SfetnicChat extends HTMLElement {
  private started = false;

  connectedCallback(): void {
    if (this.started) return;
    this.started = true;
    const frame = this.querySelector<HTMLElement>("[data-chat]");
    const server = this.getAttribute("server") ?? home;
    const language = this.getAttribute("lang") ?? document.documentElement.lang.slice(0, 2) ?? "ro";
    if (frame && server === location.origin) {
      const texts = JSON.parse(this.dataset.texts ?? "{}") as Texts;
      const id = this.getAttribute("conversation");
      const known: Session | undefined = id ? { id } : undefined;
      const api = new Api(server, language, true);
      new Chat(api, new View(frame, texts, server, true), texts, known);
    } else {
      void this.embed(new Api(server, language, false));
    }
  }

  private async embed(api: Api): Promise<void> {
    const shadow = this.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(panelCss);
    shadow.adoptedStyleSheets = [sheet];
    const { html, texts: said } = await api.widget();
    const texts = said as Texts;
    const launcher = document.createElement("button");
    launcher.type = "button";
    launcher.className = "button primary launcher";
    launcher.textContent = texts.open;
    launcher.setAttribute("aria-expanded", "false");
    const panel = document.createElement("section");
    panel.className = "panel";
    panel.hidden = true;
    panel.setAttribute("role", "dialog");
    panel.setAttribute("aria-labelledby", "panel-title");
    panel.lang = api.language;
    panel.innerHTML = `<div class="panel-head"><h2 id="panel-title"></h2><button type="button" class="button quiet compact"></button></div>${html}`;
    const title = panel.querySelector("h2");
    const close = panel.querySelector<HTMLButtonElement>(".panel-head button");
    const frame = panel.querySelector<HTMLElement>("[data-chat]");
    if (!title || !close || !frame) return;
    title.textContent = texts.open;
    close.textContent = texts.close;
    shadow.append(launcher, panel);
    let chat: Chat | undefined;
    const toggle = (open: boolean): void => {
      panel.hidden = !open;
      launcher.hidden = open;
      launcher.setAttribute("aria-expanded", String(open));
      if (open) {
        // Only who opens it talks to the server.
        chat ??= new Chat(api, new View(frame, texts, api.server, false), texts, undefined);
        frame.querySelector<HTMLElement>("textarea[name=text]")?.focus();
      } else {
        launcher.focus();
      }
    };
    launcher.onclick = () => toggle(true);
    close.onclick = () => toggle(false);
    panel.addEventListener("keydown", (event) => {
      if (event.key === "Escape") toggle(false);
    });
    if (this.hasAttribute("open")) toggle(true);
  }
}

if (!customElements.get("sfetnic-chat")) customElements.define("sfetnic-chat", SfetnicChat);
