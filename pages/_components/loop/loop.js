/* The stations of the loop as an ordered list; drawn again only when they change. */

const drawn = new WeakMap();
const SAID = { done: "Done", next: "Next", later: "Later" };

export default function ({ parentElement: root, data }) {
  const stamp = JSON.stringify(data);
  if (drawn.get(root) === stamp) return;
  drawn.set(root, stamp);
  const list = document.createElement("ol");
  list.setAttribute("role", "list"); // Safari forgets it for lists without numbers
  list.setAttribute("aria-label", data.label);
  list.append(...data.stations.map(item));
  root.querySelector("ol")?.remove();
  root.appendChild(list);
}

function item(station, place) {
  const found = element("li", station.state);
  if (station.state === "next") found.setAttribute("aria-current", "step");
  const mark = element("span", "mark", station.state === "done" ? "\u2713" : String(place + 1));
  mark.setAttribute("aria-hidden", "true");
  const title = element("div", "title", station.title);
  title.append(element("span", "spoken", `, ${SAID[station.state]}`));
  found.append(mark, title, element("div", "words", station.words));
  return found;
}

function element(tag, className, text) {
  const found = document.createElement(tag);
  found.className = className;
  found.textContent = text;
  return found;
}
