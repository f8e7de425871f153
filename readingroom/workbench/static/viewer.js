// The brush, its trail and outlines, drawn here: no picture has to come from the server
// while the hand moves.
(function () {
  "use strict";
  const BRUSHES = ["paint", "erase", "threshold_brush"];
  const OUTLINES = ["draw", "scissors"];
  const LINGER_MS = 400; // Until the picture with the edit is there.
  let stroke = null;
  let last = null;

  const get = (name) => (window.trame ? window.trame.state.get(name) : undefined);

  function cellAt(event) {
    const cell = event.target.closest && event.target.closest(".rv-cell[data-view]");
    return cell && !event.target.closest(".v-overlay") ? cell : null;
  }

  function canvasOf(cell) {
    let canvas = cell.querySelector(":scope > canvas.rv-brush");
    if (!canvas) {
      canvas = document.createElement("canvas");
      canvas.className = "rv-brush";
      cell.appendChild(canvas);
    }
    const ratio = window.devicePixelRatio || 1;
    const width = Math.round(cell.clientWidth * ratio);
    const height = Math.round(cell.clientHeight * ratio);
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
    }
    const pen = canvas.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, cell.clientWidth, cell.clientHeight);
    return pen;
  }

  function radiusIn(cell) {
    const info = get("view_info_" + cell.dataset.view) || {};
    return info.mm_per_px ? get("view_brush_mm") / 2 / info.mm_per_px : 0;
  }

  function color() {
    if (get("view_tool") === "erase") return "#ffffff";
    const row = (get("view_segments") || []).find((s) => s.name === get("view_segment"));
    return row ? row.color : "#ffd54f";
  }

  function place(cell, event) {
    const box = cell.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  function path(pen, points) {
    pen.beginPath();
    points.forEach(([x, y], n) => (n ? pen.lineTo(x, y) : pen.moveTo(x, y)));
    if (points.length === 1) pen.lineTo(points[0][0] + 0.01, points[0][1]);
  }

  function draw(cell, at) {
    const pen = canvasOf(cell);
    const tool = get("view_tool");
    pen.strokeStyle = color();
    if (OUTLINES.includes(tool)) {
      if (!stroke || stroke.cell !== cell) return;
      path(pen, stroke.points);
      pen.lineWidth = 2;
      pen.setLineDash([6, 4]);
      pen.stroke();
      pen.setLineDash([]);
    } else if (BRUSHES.includes(tool) && cell.dataset.view !== "three_d") {
      const radius = Math.max(radiusIn(cell), 1);
      if (stroke && stroke.cell === cell) {
        path(pen, stroke.points);
        pen.globalAlpha = 0.35;
        pen.lineCap = pen.lineJoin = "round";
        pen.lineWidth = 2 * radius;
        pen.stroke();
        pen.globalAlpha = 1;
      }
      if (!at) return;
      pen.lineWidth = 3;
      pen.strokeStyle = "#000000aa";
      ring(pen, at, radius);
      pen.lineWidth = 1.5;
      pen.strokeStyle = color();
      ring(pen, at, radius);
    }
  }

  function ring(pen, [x, y], radius) {
    pen.beginPath();
    pen.arc(x, y, radius, 0, 2 * Math.PI);
    pen.stroke();
  }

  function leave(cell) {
    if (cell && cell.isConnected) canvasOf(cell);
  }

  window.addEventListener("pointerdown", (event) => {
    const cell = cellAt(event);
    const tool = get("view_tool");
    if (!cell || event.button !== 0 || event.shiftKey || event.ctrlKey) return;
    if (![...BRUSHES, ...OUTLINES].includes(tool)) return;
    stroke = { cell, points: [place(cell, event)] };
    draw(cell, stroke.points[0]);
  }, true);

  window.addEventListener("pointermove", (event) => {
    const cell = stroke && !stroke.over ? stroke.cell : cellAt(event);
    if (last && last !== cell) leave(last);
    last = cell;
    if (!cell) return;
    const at = place(cell, event);
    if (stroke && !stroke.over) stroke.points.push(at);
    draw(cell, at);
  }, true);

  window.addEventListener("pointerup", () => {
    if (!stroke || stroke.over) return;
    const ended = stroke;
    ended.over = true;
    setTimeout(() => {
      if (stroke === ended) stroke = null;
      leave(ended.cell);
    }, LINGER_MS);
  }, true);
})();
