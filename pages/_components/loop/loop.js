/* The stations of the loop as an ordered list; drawn again only when they change. */

const drawn = new WeakMap();
const SAID = { done: "Done", next: "Next", later: "Later" };

export default function ({ parentElement: root, data }) {
  const stamp = JSON.stringify(data);
  if (drawn.get(root) === stamp) return;
  drawn.set(root, stamp);
  const list = make("ol");
  list.setAttribute("role", "list"); // Safari forgets it for lists without numbers
  list.setAttribute("aria-label", data.label);
  list.append(...data.stations.map(item));
  root.querySelector("ol")?.remove();
  root.appendChild(list);
}

function item(station, place) {
  const found = make("li", station.state);
  if (station.state === "next") found.setAttribute("aria-current", "step");
  const mark = make("span", "mark", station.state === "done" ? "\u2713" : String(place + 1));
  mark.setAttribute("aria-hidden", "true");
  const title = make("div", "title", station.title);
  title.append(make("span", "spoken", `, ${SAID[station.state]}`));
  found.append(mark, title, make("div", "words", station.words));
  return found;
}
