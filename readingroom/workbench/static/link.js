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

  function show() {
    const language = document.documentElement.lang === "zh" ? "zh" : "en";
    const [what, now] = TEXTS[language];
    const cover = document.createElement("div");
    cover.className = "rr-lost";
    cover.setAttribute("role", "alert");
    const box = document.createElement("div");
    const spinner = document.createElement("div");
    spinner.className = "rr-spinner";
    const first = document.createElement("strong");
    first.textContent = what;
    const second = document.createElement("span");
    second.textContent = now;
    box.append(spinner, first, second);
    cover.append(box);
    document.body.append(cover);
  }

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
    show();
    setTimeout(again, EVERY_MS);
  }

  const Plain = window.WebSocket;
  window.WebSocket = class extends Plain {
    constructor(...given) {
      super(...given);
      this.addEventListener("close", onLost);
    }
  };
})();
