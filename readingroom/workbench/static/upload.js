// Folders and files dropped on the work list, or chosen, go to the front as one upload.
(function () {
  "use strict";

  async function entriesOf(entry, prefix, found) {
    if (entry.isFile) {
      const file = await new Promise((good, bad) => entry.file(good, bad));
      found.push([prefix + file.name, file]);
    } else if (entry.isDirectory) {
      const reader = entry.createReader();
      let batch;
      do { // A directory is handed out a hundred entries at a time.
        batch = await new Promise((good, bad) => reader.readEntries(good, bad));
        for (const child of batch) await entriesOf(child, prefix + entry.name + "/", found);
      } while (batch.length);
    }
    return found;
  }

  async function dropped(transfer) {
    const entries = [...transfer.items]
      .map((item) => item.webkitGetAsEntry && item.webkitGetAsEntry())
      .filter(Boolean);
    const found = [];
    for (const entry of entries) await entriesOf(entry, "", found);
    return found;
  }

  function chosen(list) {
    return [...list].map((file) => [file.webkitRelativePath || file.name, file]);
  }

  function tell(kind, payload) {
    window.trame.trigger("upload_told", [kind, payload]);
  }

  function send(files, purpose) {
    if (!files.length) return;
    const form = new FormData();
    form.append("purpose", purpose);
    for (const [path, file] of files) form.append("file", file, encodeURIComponent(path));
    const request = new XMLHttpRequest();
    let last = 0;
    request.upload.onprogress = (event) => {
      const fraction = event.lengthComputable ? event.loaded / event.total : 0;
      if (fraction - last > 0.02) {
        last = fraction;
        tell("progress", fraction);
      }
    };
    request.onload = () => {
      let answer = null;
      try { answer = JSON.parse(request.responseText); } catch (error) { answer = null; }
      tell(answer && answer.ok ? "done" : "error", answer && (answer.ok ? answer : answer.error));
    };
    request.onerror = () => tell("error", null);
    request.open("POST", "/upload");
    request.send(form);
    tell("progress", 0);
  }

  function choose(folder) {
    const input = document.createElement("input");
    input.type = "file";
    input.multiple = true;
    if (folder) input.webkitdirectory = true;
    input.onchange = () => send(chosen(input.files), "study");
    input.click();
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-upload]");
    if (button) choose(button.dataset.upload === "folder");
  });

  function purposeHere() {
    return (window.trame && window.trame.state.get("page_name")) === "reading" ? "masks" : "study";
  }

  let depth = 0;
  const carriesFiles = (event) => event.dataTransfer && [...event.dataTransfer.types].includes("Files");
  const mark = (on) => document.documentElement.classList.toggle("rr-dragging", on);
  window.addEventListener("dragenter", (event) => {
    if (carriesFiles(event)) { depth += 1; mark(true); }
  });
  window.addEventListener("dragleave", (event) => {
    if (carriesFiles(event)) { depth = Math.max(0, depth - 1); mark(depth > 0); }
  });
  window.addEventListener("dragover", (event) => { if (carriesFiles(event)) event.preventDefault(); });
  window.addEventListener("drop", async (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    depth = 0;
    mark(false);
    send(await dropped(event.dataTransfer), purposeHere());
  });
})();
