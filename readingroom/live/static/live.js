// The live page: plays a video, sends its frames, shows each frame with its own result.
import { language, say, translate } from "/static/texts.js";
import { packFrame, unpackResult } from "/static/protocol.js";
import { controls, drawControls, drawMask, drawWire, GRIP, spline } from "/static/wires.js";

const $ = (id) => document.getElementById(id);
const picture = $("picture").getContext("2d", { alpha: false });
const overlay = $("overlay").getContext("2d");
const GREEN = "#00dc5a", BLUE = "#3c8cff", ORANGE = "#ff8c42";

const state = {
  videos: [], video: null, pixels: null, frames: 0, columns: 0, rows: 0, rate: 15,
  at: 0, shown: 0, playing: false, analysing: false, socket: null, next: 0, sent: new Map(),
  results: new Map(), corrected: new Map(), edit: null, drag: null, undo: [], unsaved: false,
  times: [], latencies: [], skipped: 0,
};
window.liveState = state; // read by tests

function tell(text, fault = false) {
  $("message").textContent = text;
  $("message").classList.toggle("fault", fault);
}

async function ask(path, body) {
  const options = body && { method: "POST", body: JSON.stringify(body),
    headers: { "Content-Type": "application/json" } };
  const response = await fetch(path, options || {});
  const data = await response.json();
  if (!response.ok) throw new Error(`${data.fault.what_happened} ${data.fault.what_to_do}`);
  return data;
}

// Pictures

function draw() {
  const { pixels, columns, rows, shown } = state;
  if (!pixels) return;
  const image = picture.createImageData(columns, rows);
  const words = new Uint32Array(image.data.buffer);
  const from = shown * columns * rows;
  for (let i = 0; i < words.length; i += 1) words[i] = 0xff000000 | (pixels[from + i] * 0x010101);
  picture.putImageData(image, 0, 0);
  drawOverlay();
  $("place").textContent = `${shown + 1} / ${state.frames}`;
  $("frame").value = shown;
}

function drawOverlay() {
  const canvas = $("overlay"), scale = canvas.width / state.columns;
  overlay.clearRect(0, 0, canvas.width, canvas.height);
  const result = state.results.get(state.shown), wires = wiresAt(state.shown);
  if (result && result.runs.length) {
    const small = new OffscreenCanvas(state.columns, state.rows).getContext("2d");
    small.putImageData(drawMask(small, result), 0, 0);
    overlay.drawImage(small.canvas, 0, 0, canvas.width, canvas.height);
  }
  for (const wire of wires) {
    const color = wire.corrected ? ORANGE : wire.kind === "wire" ? GREEN : BLUE;
    drawWire(overlay, wire, scale, color);
  }
  if (state.edit) for (const one of state.edit) drawControls(overlay, one.controls, scale);
  $("count").textContent = result ? wires.filter((wire) => wire.kind === "wire").length : "–";
}

function wiresAt(frame) {
  return state.corrected.get(frame) || state.results.get(frame)?.wires || [];
}

function fit() {
  const { columns, rows } = state, box = $("stage").getBoundingClientRect();
  if (!columns) return;
  const scale = Math.min((box.width - 16) / columns, (box.height - 16) / rows);
  for (const id of ["picture", "overlay"]) {
    $(id).style.width = `${columns * scale}px`;
    $(id).style.height = `${rows * scale}px`;
  }
  const ratio = window.devicePixelRatio || 1;
  $("overlay").width = Math.round(columns * scale * ratio);
  $("overlay").height = Math.round(rows * scale * ratio);
  drawOverlay();
}

// Playing

function tick(now) {
  requestAnimationFrame(tick);
  if (!state.playing || !state.pixels || now < state.next) return;
  const period = 1000 / state.rate;
  state.next = Math.max(state.next + period, now);
  state.at = (state.at + 1) % state.frames;
  // While frames are analysed, a frame is shown when its result is there: never out of step.
  if (state.analysing) send(state.at);
  else show(state.at);
}

function show(frame) {
  state.shown = frame;
  draw();
}

function go(frame) {
  state.at = Math.min(Math.max(frame, 0), state.frames - 1);
  edit(false);
  show(state.at);
  if (state.results.has(state.at)) edit(true);
  else if (state.analysing) send(state.at);
}

function play(on) {
  state.playing = on;
  state.next = performance.now();
  $("play").textContent = say(on ? "pause" : "play");
  if (on) edit(false);
  else go(state.shown);
}

// Analysing

function send(frame) {
  const size = state.columns * state.rows;
  // A line that is still busy with older frames gets no more of them.
  if (state.socket?.readyState !== WebSocket.OPEN || state.socket.bufferedAmount > 2 * size) {
    state.skipped += 1;
    return;
  }
  const part = state.pixels.subarray(frame * size, (frame + 1) * size);
  state.sent.set(frame, performance.now());
  state.socket.send(packFrame(frame, part, state.columns, state.rows));
}

function receive(event) {
  if (typeof event.data === "string") {
    const { fault } = JSON.parse(event.data);
    tell(`${fault.what_happened} ${fault.what_to_do}`, true);
    return;
  }
  const result = unpackResult(event.data), now = performance.now();
  if (result.columns !== state.columns || result.rows !== state.rows) return;
  state.results.set(result.frame, result);
  state.times.push(now);
  state.latencies.push(now - (state.sent.get(result.frame) || now));
  state.times = state.times.filter((time) => now - time < 2000);
  state.latencies = state.latencies.slice(-100);
  $("engine").textContent = `${result.ms.toFixed(1)} ms`;
  $("skipped").textContent = result.skipped + state.skipped;
  if (state.playing) show(result.frame);
  else if (result.frame === state.shown) edit(true);
}

function readout() {
  const now = performance.now(), recent = state.times.filter((time) => now - time < 2000);
  const sorted = [...state.latencies].sort((a, b) => a - b);
  const slow = sorted[Math.floor(0.95 * (sorted.length - 1))];
  $("fps").textContent = state.analysing && recent.length ? (recent.length / 2).toFixed(1) : "–";
  $("latency").textContent = slow === undefined ? "–" : `${slow.toFixed(0)} ms`;
}

function analyse(on) {
  state.analysing = on;
  $("analyse").textContent = say(on ? "stop" : "start");
  $("analyse").setAttribute("aria-pressed", on);
  if (!on) {
    state.socket?.close();
    state.socket = null;
    return;
  }
  const address = new URL("/analysis", location.href);
  address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  const socket = new WebSocket(address);
  socket.binaryType = "arraybuffer";
  socket.onmessage = receive;
  socket.onopen = () => { tell(""); if (!state.playing) send(state.shown); };
  socket.onclose = () => {
    if (state.socket !== socket) return;
    analyse(false);
    if (!$("message").classList.contains("fault")) tell(say("gone"), true);
  };
  state.socket = socket;
  Object.assign(state, { results: new Map(), times: [], latencies: [], skipped: 0 });
}

// Correcting

function edit(on) {
  if (!on || state.playing) {
    state.edit = null;
  } else {
    state.edit = wiresAt(state.shown).map((wire) => ({
      wire, controls: wire.controls || controls(wire.centerline_xy_px) }));
    if (state.edit.length) tell(say("drag"));
  }
  drawOverlay();
}

function place(event) {
  const box = $("overlay").getBoundingClientRect(), scale = state.columns / box.width;
  return [(event.clientX - box.left) * scale - 0.5, (event.clientY - box.top) * scale - 0.5];
}

function grip(event) {
  const [x, y] = place(event), box = $("overlay").getBoundingClientRect();
  const reach = GRIP * state.columns / box.width;
  let best = null;
  for (const [number, one] of (state.edit || []).entries()) {
    for (const [index, point] of one.controls.entries()) {
      const distance = Math.hypot(point[0] - x, point[1] - y);
      if (distance < reach && (!best || distance < best.distance)) best = { number, index, distance };
    }
  }
  return best;
}

function changeWire(number, points, nodes) {
  const wires = wiresAt(state.shown).map((wire) => ({ ...wire }));
  Object.assign(wires[number], { centerline_xy_px: points, inferred: [], controls: nodes,
    corrected: true, tip_xy_px: points[points.length - 1] });
  state.corrected.set(state.shown, wires);
}

function remember() {
  state.undo.push([state.shown, state.corrected.get(state.shown)]);
  state.undo = state.undo.slice(-100);
  $("undo").disabled = false;
}

function takeBack() {
  const step = state.undo.pop();
  if (!step) return;
  const [frame, before] = step;
  if (before) state.corrected.set(frame, before);
  else state.corrected.delete(frame);
  $("undo").disabled = !state.undo.length;
  $("save").disabled = !state.corrected.size;
  go(frame);
}

async function drop() {
  const { number, frame } = state.drag, nodes = state.edit[number].controls;
  state.drag = null;
  $("save").disabled = false;
  if (!$("cling").checked || !state.video) return;
  try {
    const found = await ask("/livewire", { video: state.video.id, frame, points: nodes });
    if (state.shown !== frame || state.drag) return;
    changeWire(number, found.centerline_xy_px, nodes);
    edit(true);
  } catch (fault) { tell(fault.message, true); }
}

async function save() {
  const frames = [...state.corrected].map(([frame, wires]) => ({ frame,
    wires: wires.map(({ kind, identity, centerline_xy_px }) => (
      { kind, identity, centerline_xy_px })) }));
  try {
    const done = await ask("/corrections", { video: state.video.id, frames });
    tell(say("saved") + done.file);
    $("save").disabled = true;
  } catch (fault) { tell(fault.message, true); }
}

// Videos

function list() {
  $("videos").replaceChildren(...state.videos.map((video) => {
    const button = document.createElement("button"), item = document.createElement("li");
    button.type = "button";
    button.dataset.id = video.id;
    button.textContent = video.title[language()];
    if (video.simulated) {
      const small = document.createElement("small");
      small.textContent = say("simulated");
      button.append(small);
    }
    button.setAttribute("aria-current", video.id === state.video?.id);
    button.onclick = () => open(video);
    item.append(button);
    return item;
  }));
}

async function open(video) {
  const again = state.analysing;
  play(false);
  analyse(false);
  Object.assign(state, { video, pixels: null, results: new Map(), corrected: new Map(),
    undo: [], edit: null });
  $("save").disabled = $("undo").disabled = true;
  list();
  tell(say("loading"));
  try {
    const facts = await ask(`/videos/${video.id}`);
    const response = await fetch(`/videos/${video.id}/pixels`);
    const pixels = new Uint8Array(await response.arrayBuffer());
    if (state.video !== video) return;
    Object.assign(state, { pixels, frames: facts.frames, columns: facts.columns,
      rows: facts.rows, rate: facts.rate_hz, at: 0, shown: 0 });
    $("picture").width = facts.columns;
    $("picture").height = facts.rows;
    $("frame").max = facts.frames - 1;
    tell(facts.frames < facts.frames_in_file ? say("cut") : "");
    fit();
    draw();
    play(true);
    if (again) analyse(true);
  } catch (fault) { tell(fault.message, true); }
}

function speak() {
  translate();
  $("language").textContent = say("other");
  $("play").textContent = say(state.playing ? "pause" : "play");
  $("analyse").textContent = say(state.analysing ? "stop" : "start");
  if (state.edit?.length) tell(say("drag"));
  list();
}

$("analyse").onclick = () => analyse(!state.analysing);
$("play").onclick = () => play(!state.playing);
$("frame").oninput = () => { if (state.playing) play(false); go(Number($("frame").value)); };
$("save").onclick = save;
$("undo").onclick = takeBack;
$("language").onclick = () => {
  document.documentElement.lang = language() === "en" ? "zh" : "en";
  speak();
};
$("overlay").onpointerdown = (event) => {
  const found = grip(event);
  if (!found) return;
  remember();
  state.drag = { ...found, frame: state.shown };
  state.edit = state.edit.map((one) => ({ ...one, controls: one.controls.map((p) => [...p]) }));
  $("overlay").setPointerCapture(event.pointerId);
};
$("overlay").onpointermove = (event) => {
  if (!state.drag) {
    $("overlay").style.cursor = grip(event) ? "grab" : "default";
    return;
  }
  const { number, index } = state.drag, nodes = state.edit[number].controls;
  nodes[index] = place(event);
  changeWire(number, spline(nodes), nodes);
  drawOverlay();
};
$("overlay").onpointerup = () => { if (state.drag) drop(); };
document.onkeydown = (event) => {
  if (event.target.tagName === "BUTTON" && event.key === " ") return;
  const keys = { " ": () => play(!state.playing), ArrowLeft: () => go(state.shown - 1),
    ArrowRight: () => go(state.shown + 1), a: () => analyse(!state.analysing) };
  const act = event.ctrlKey && event.key === "z" ? takeBack : keys[event.key];
  if (!act || !state.pixels) return;
  event.preventDefault();
  if (state.playing && event.key.startsWith("Arrow")) play(false);
  act();
};
new ResizeObserver(fit).observe($("stage"));
setInterval(readout, 500);
requestAnimationFrame(tick);
speak();
ask("/videos").then((videos) => {
  state.videos = videos;
  list();
  if (videos.length) open(videos[0]);
}).catch((fault) => tell(fault.message, true));
