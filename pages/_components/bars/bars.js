/* A list of names with bars and numbers; drawn again only when they change. */

const drawn = new WeakMap();

export default function ({ parentElement: root, data }) {
  const stamp = JSON.stringify(data);
  if (drawn.get(root) === stamp) return;
  drawn.set(root, stamp);
  const frame = element("div", `bars${data.lines.some((line) => line.shares.length > 1) ? " several" : ""}`);
  if (data.series.length > 1) frame.append(series(data.series));
  const list = element("ul");
  list.setAttribute("role", "list"); // Safari forgets it for lists without bullets
  list.setAttribute("aria-label", data.label);
  list.append(...data.lines.map((line) => item(line, data.series)));
  frame.append(list);
  root.querySelector(".bars")?.remove();
  root.appendChild(frame);
}

function item(line, series) {
  const found = element("li");
  if (line.help) found.title = line.help;
  const values = element("div", "values");
  line.shares.forEach((share, place) => {
    const value = element("div", "value");
    const bar = element("i");
    bar.style.setProperty("--share", share);
    bar.style.background = line.colour;
    bar.style.opacity = paleness(place, line.shares.length);
    bar.setAttribute("aria-hidden", "true");
    const words = element("span", "", line.texts[place]);
    if (series.length > 1) words.setAttribute("title", series[place]);
    value.append(bar, words);
    values.append(value);
  });
  found.append(element("span", `name${line.strong ? " strong" : ""}`, line.name), values);
  return found;
}

function series(names) {
  const found = element("div", "series");
  names.forEach((name, place) => {
    const one = element("span");
    const mark = element("i");
    mark.style.opacity = paleness(place, names.length);
    one.append(mark, name);
    found.append(one);
  });
  return found;
}

function paleness(place, count) {
  return 1 - (0.55 * place) / Math.max(count - 1, 1);
}

function element(tag, className = "", text = "") {
  const found = document.createElement(tag);
  if (className) found.className = className;
  if (text) found.textContent = text;
  return found;
}
