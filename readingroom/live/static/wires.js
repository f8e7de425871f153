// Wires as curves: drawing them, their control points, the spline through those.
const SPACING = 42;
export const GRIP = 9;

export function controls(points) {
  const kept = [points[0]];
  let along = 0;
  for (let i = 1; i < points.length; i += 1) {
    along += Math.hypot(points[i][0] - points[i - 1][0], points[i][1] - points[i - 1][1]);
    if (along >= SPACING && i < points.length - 1) {
      kept.push(points[i]);
      along = 0;
    }
  }
  kept.push(points[points.length - 1]);
  return kept.map((point) => [...point]);
}

// Centripetal would be overkill: control points are about evenly spaced.
export function spline(given) {
  if (given.length < 3) return given.map((point) => [...point]);
  const all = [given[0], ...given, given[given.length - 1]];
  const points = [];
  for (let i = 1; i < all.length - 2; i += 1) {
    const [a, b, c, d] = all.slice(i - 1, i + 3);
    const steps = Math.max(2, Math.round(Math.hypot(c[0] - b[0], c[1] - b[1]) / 2));
    for (let step = 0; step < steps; step += 1) {
      const t = step / steps;
      points.push([0, 1].map((k) => 0.5 * (2 * b[k] + (c[k] - a[k]) * t
        + (2 * a[k] - 5 * b[k] + 4 * c[k] - d[k]) * t * t
        + (3 * b[k] - a[k] - 3 * c[k] + d[k]) * t * t * t)));
    }
  }
  points.push([...given[given.length - 1]]);
  return points;
}

export function drawMask(context, result) {
  const { columns, rows, runs } = result;
  const image = context.createImageData(columns, rows);
  const words = new Uint32Array(image.data.buffer);
  for (let i = 0; i < runs.length; i += 2) words.fill(0x665adc00, runs[i], runs[i] + runs[i + 1]);
  return image;
}

function line(context, points, scale) {
  context.beginPath();
  // A pixel's centre lies half a pixel from its corner.
  points.forEach(([x, y], i) => {
    context[i ? "lineTo" : "moveTo"]((x + 0.5) * scale, (y + 0.5) * scale);
  });
  context.stroke();
}

export function drawWire(context, wire, scale, color) {
  const points = wire.centerline_xy_px;
  context.lineWidth = Math.max(1.5, 0.9 * scale);
  context.strokeStyle = color;
  context.setLineDash([]);
  line(context, points, scale);
  context.strokeStyle = "#ffd24a";
  context.setLineDash([6, 4]);
  for (const [start, stop] of wire.inferred || []) {
    line(context, points.slice(Math.max(start - 1, 0), stop + 1), scale);
  }
  context.setLineDash([]);
  if (wire.kind === "wire") {
    const [x, y] = points[points.length - 1];
    context.strokeStyle = color;
    context.beginPath();
    context.arc((x + 0.5) * scale, (y + 0.5) * scale, 6, 0, 2 * Math.PI);
    context.stroke();
  }
}

export function drawControls(context, points, scale) {
  context.fillStyle = "#ff8c42";
  context.strokeStyle = "#10151b";
  context.lineWidth = 1;
  for (const [x, y] of points) {
    context.beginPath();
    context.arc((x + 0.5) * scale, (y + 0.5) * scale, 5, 0, 2 * Math.PI);
    context.fill();
    context.stroke();
  }
}
