/* A table of numbers; drawn again only when they change. The state `cell` = {at: [row, column] or null} goes back. */

const matrices = new WeakMap();

export default function ({ parentElement: root, data, setStateValue }) {
  const known = matrices.get(root) ?? { stamp: "", pressed: null };
  matrices.set(root, known);
  known.setState = setStateValue;
  const stamp = JSON.stringify(data);
  if (known.stamp === stamp) return;
  known.stamp = stamp;
  known.pressed = null;
  const frame = make("div", "matrix");
  frame.append(table(data, known));
  root.querySelector(".matrix")?.remove();
  root.appendChild(frame);
}

function table(data, known) {
  const found = make("table");
  found.setAttribute("aria-label", data.label);
  if (data.row_title) found.append(make("caption", "", `Rows: ${data.row_title}. Columns: ${data.column_title}.`));
  const head = make("tr");
  const corner = make("td", "first empty");
  head.append(corner, ...data.columns.map((name) => heading(name, "col")));
  const top = make("thead");
  top.append(head);
  const body = make("tbody");
  data.cells.forEach((line, row) => {
    const drawn = make("tr");
    drawn.append(heading(data.rows[row], "row"), ...line.map((cell, column) => box(cell, [row, column], data, known)));
    body.append(drawn);
  });
  found.append(top, body);
  return found;
}

function heading(name, scope) {
  const found = make("th", "", name);
  found.scope = scope;
  found.title = name;
  return found;
}

function box(cell, at, data, known) {
  const found = make("td", cell.text ? (cell.share < 0 ? "less" : "") : "empty");
  found.style.setProperty("--share", Math.min(Math.abs(cell.share), 1));
  found.title = cell.words;
  if (!data.clickable || !cell.text) {
    found.textContent = cell.text;
    return found;
  }
  const button = make("button", "", cell.text);
  button.type = "button";
  button.dataset.cell = at.join("-");
  button.setAttribute("aria-label", cell.words);
  button.setAttribute("aria-pressed", "false");
  button.addEventListener("click", () => {
    const again = known.pressed === button;
    known.pressed?.setAttribute("aria-pressed", "false");
    button.setAttribute("aria-pressed", String(!again));
    known.pressed = again ? null : button;
    known.setState("cell", { at: again ? null : at });
  });
  found.append(button);
  return found;
}
