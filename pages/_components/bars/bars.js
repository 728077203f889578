/* A list of names with bars and numbers; drawn again only when they change. */

const drawn = new WeakMap();

export default function ({ parentElement: root, data }) {
  const stamp = JSON.stringify(data);
  if (drawn.get(root) === stamp) return;
  drawn.set(root, stamp);
  const frame = make("div", `bars${data.lines.some((line) => line.shares.length > 1) ? " several" : ""}`);
  if (data.series.length > 1) frame.append(series(data.series));
  const list = make("ul");
  list.setAttribute("role", "list"); // Safari forgets it for lists without bullets
  list.setAttribute("aria-label", data.label);
  list.append(...data.lines.map((line) => item(line, data.series)));
  frame.append(list);
  root.querySelector(".bars")?.remove();
  root.appendChild(frame);
}

function item(line, series) {
  const found = make("li");
  if (line.help) found.title = line.help;
  const values = make("div", "values");
  line.shares.forEach((share, place) => {
    const value = make("div", "value");
    const bar = make("i");
    bar.style.setProperty("--share", share);
    bar.style.background = line.colour;
    bar.style.opacity = paleness(place, line.shares.length);
    bar.setAttribute("aria-hidden", "true");
    const words = make("span", "", line.texts[place]);
    if (series.length > 1) words.setAttribute("title", series[place]);
    value.append(bar, words);
    values.append(value);
  });
  found.append(make("span", `name${line.strong ? " strong" : ""}`, line.name), values);
  return found;
}

function series(names) {
  const found = make("div", "series");
  names.forEach((name, place) => {
    const one = make("span");
    const mark = make("i");
    mark.style.opacity = paleness(place, names.length);
    one.append(mark, name);
    found.append(one);
  });
  return found;
}

function paleness(place, count) {
  return 1 - (0.55 * place) / Math.max(count - 1, 1);
}
