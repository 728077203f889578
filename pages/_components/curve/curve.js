/* A line over an axis; drawn again only when it changes. Everything comes in shares of the width and of the height. */

const SVG = "http://www.w3.org/2000/svg";
const drawn = new WeakMap();

export default function ({ parentElement: root, data }) {
  const stamp = JSON.stringify(data);
  if (drawn.get(root) === stamp) return;
  drawn.set(root, stamp);
  const frame = make("div", "curve");
  frame.setAttribute("role", "img");
  frame.setAttribute("aria-label", data.label);
  const longest = Math.max(...data.heights.map(([, text]) => text.length));
  const heights = marks("heights", data.heights);
  heights.style.setProperty("--width", `${longest}ch`);
  frame.append(heights, picture(data), marks("places", data.places), make("div", "title", data.x_title));
  root.querySelector(".curve")?.remove();
  root.appendChild(frame);
}

function picture({ points, heights }) {
  const found = document.createElementNS(SVG, "svg");
  found.setAttribute("viewBox", "0 0 100 100");
  found.setAttribute("preserveAspectRatio", "none");
  const line = points.map(([x, y]) => `${100 * x} ${100 - 100 * y}`).join(" L ");
  found.append(...heights.map(([at]) => path("rule", `M 0 ${100 - 100 * at} H 100`)));
  if (points.length) {
    found.append(path("area", `M ${100 * points[0][0]} 100 L ${line} L ${100 * points.at(-1)[0]} 100 Z`));
    found.append(path("line", `M ${line}`));
  }
  return found;
}

function path(className, d) {
  const found = document.createElementNS(SVG, "path");
  found.setAttribute("class", className);
  found.setAttribute("d", d);
  return found;
}

function marks(className, list) {
  const found = make("div", className);
  for (const [at, text] of list) {
    const mark = make("span", "", text);
    mark.style.setProperty("--at", at);
    found.append(mark);
  }
  return found;
}
