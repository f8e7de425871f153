// Keeps the page alive when the way to its process breaks: says so, waits, loads again.
(function () {
  "use strict";
  const TEXTS = {
    en: ["The connection was lost.", "Reconnecting; your edits are kept …"],
    zh: ["连接已中断。", "正在重新连接，您的修改已保留……"],
  };
  const EVERY_MS = 400;
  let leaving = false;
  let lost = false;

  window.addEventListener("pagehide", () => { leaving = true; });
  window.addEventListener("pageshow", () => { leaving = false; });

  const language = () => (document.documentElement.lang === "zh" ? "zh" : "en");

  function show(lines, waiting) {
    const cover = document.createElement("div");
    cover.className = "rr-lost";
    cover.setAttribute("role", "alert");
    const box = document.createElement("div");
    if (waiting) {
      const spinner = document.createElement("div");
      spinner.className = "rr-spinner";
      box.append(spinner);
    }
    for (const [index, line] of lines.entries()) {
      const element = document.createElement(index ? "span" : "strong");
      element.textContent = line;
      box.append(element);
    }
    cover.append(box);
    document.body.append(cover);
  }

  // A process that could not be started is said, not waited for.
  window.addEventListener("DOMContentLoaded", async () => {
    try {
      const answer = await (await fetch("/ready", { cache: "no-store" })).json();
      if (answer.ok) return;
      lost = true;
      const parts = answer[language()];
      show([parts.what_happened, parts.what_to_do, answer.en.code], false);
    } catch (error) {
      onLost();
    }
  });

  async function again() {
    try {
      const answer = await fetch("/health", { cache: "no-store" });
      if (answer.ok) {
        window.location.reload();
        return;
      }
    } catch (error) {
      // The server is not back yet.
    }
    setTimeout(again, EVERY_MS);
  }

  function onLost() {
    if (leaving || lost) return;
    lost = true;
    show(TEXTS[language()], true);
    setTimeout(again, EVERY_MS);
  }

  // What the client takes for a Blob. It reads two parts of every message, and each part of a
  // real Blob is fetched by way of the browser's main process.
  class Bytes {
    constructor(buffer) { this.buffer = buffer; }
    slice(from, to) { return new Bytes(this.buffer.slice(from, to)); }
    async arrayBuffer() { return this.buffer; }
  }

  const Plain = window.WebSocket;
  window.WebSocket = class extends Plain {
    constructor(...given) {
      super(...given);
      super.binaryType = "arraybuffer";
      this.addEventListener("close", onLost);
    }
    set binaryType(asked) {} // "blob"
    set onmessage(take) {
      super.onmessage = (event) => take({ data: new Bytes(event.data) });
    }
  };
})();
