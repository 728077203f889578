/* A leaderboard: rows open a run, boxes compare runs, heads sort. The choice is shown at once and then sent.
 *
 * The server sends columns, rows and data.chosen with the turn that the choice answers; an answer to an earlier click
 * than the last one is not taken. The state `chosen` = {turn, ids} goes back.
 */

const boards = new WeakMap();

export default function (component) {
  const root = component.parentElement;
  let board = boards.get(root);
  if (!board) {
    board = new Board(root);
    boards.set(root, board);
  }
  board.receive(component);
  return () => {
    board.frame.remove();
    boards.delete(root);
  };
}

class Board {
  constructor(root) {
    this.frame = make("div", "frame");
    this.frame.tabIndex = 0; // so that the keyboard can scroll it
    this.frame.setAttribute("role", "region");
    root.appendChild(this.frame);
    this.turn = 0;
    this.stamp = "";
    this.order = null; // {key, falling} once a head was pressed
  }

  receive({ data, setStateValue }) {
    this.setState = setStateValue;
    this.data = data;
    this.frame.setAttribute("aria-label", data.label);
    if (data.turn >= this.turn) {
      this.turn = data.turn;
      this.chosen = data.chosen.map((run) => run.id);
      this.marks = new Map(data.chosen.map((run) => [run.id, run]));
    }
    const stamp = JSON.stringify([data.columns, data.rows]);
    if (stamp !== this.stamp) {
      this.stamp = stamp;
      this.draw();
    }
    this.mark();
  }

  draw() {
    const { columns, rows } = this.data;
    this.scales = Object.fromEntries(columns.map((column) => [column.key, scale(rows, column.key)]));
    const head = make("tr");
    head.append(...[{ key: "", title: "Run", help: "" }, ...columns].map((column) => this.head(column)));
    this.lines = rows.map((row) => this.line(row));
    this.body = make("tbody");
    const table = make("table");
    const top = make("thead");
    top.append(head);
    table.append(top, this.body);
    this.frame.replaceChildren(table);
    this.sort();
  }

  head(column) {
    const cell = make("th", column.key ? "" : "name");
    cell.scope = "col";
    cell.dataset.key = column.key;
    const button = make("button", "", column.title);
    button.type = "button";
    if (column.help) button.title = column.help;
    button.addEventListener("click", () => {
      const again = this.order?.key === column.key;
      this.order = { key: column.key, falling: again ? !this.order.falling : column.kind === "number" };
      this.sort();
    });
    cell.append(button);
    return cell;
  }

  sort() {
    const { order } = this;
    const places = [...this.data.rows.keys()];
    if (order) {
      const value = (place) => {
        const row = this.data.rows[place];
        return order.key ? (row.cells[order.key]?.sort ?? "") : row.title;
      };
      const compare = (a, b) =>
        typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b));
      places.sort((a, b) => compare(value(a), value(b)) * (order.falling ? -1 : 1));
    }
    this.body.replaceChildren(...places.map((place) => this.lines[place].element));
    for (const cell of this.frame.querySelectorAll("thead th")) {
      const way = order?.key === cell.dataset.key ? (order.falling ? "descending" : "ascending") : "none";
      cell.setAttribute("aria-sort", way);
    }
  }

  line(row) {
    const line = make("tr");
    const box = make("input");
    box.type = "checkbox";
    box.setAttribute("aria-label", `Compare ${row.title}`);
    box.title = "Compare";
    box.addEventListener("click", (event) => {
      event.stopPropagation();
      this.toggle(row.id);
    });
    const letter = make("span", "letter");
    letter.setAttribute("aria-hidden", "true");
    const open = make("button", "open", row.title);
    open.type = "button";
    open.dataset.run = row.id;
    open.title = row.title;
    const words = make("div", "words");
    const top = make("div", "value");
    top.append(open, ...row.badges.map((badge) => make("span", "badge", badge)));
    words.append(top, make("div", "sub", row.sub));
    const inner = make("div");
    inner.append(box, letter, words);
    const name = make("th", "name");
    name.scope = "row";
    name.append(inner);
    line.append(name, ...this.data.columns.map((column) => this.cell(column, row.cells[column.key])));
    line.addEventListener("click", () => this.choose([row.id]));
    return { element: line, box, letter, row };
  }

  cell(column, cell) {
    const found = make("td", column.kind);
    if (!cell) return found;
    const value = make("div", "value");
    value.append(make("span", "", cell.text));
    if (cell.sub) value.append(make("span", "sub", cell.sub));
    if (cell.tags.length) found.append(...cell.tags.map((tag) => make("span", "tag", tag)));
    else found.append(value);
    if (cell.low !== null) {
      const at = this.scales[column.key];
      const range = make("div", "range");
      const bar = make("i");
      bar.style.left = `${at(cell.low)}%`;
      bar.style.width = `${at(cell.high) - at(cell.low)}%`;
      const dot = make("b");
      dot.style.left = `${at(cell.sort)}%`;
      range.append(bar, dot);
      range.setAttribute("aria-hidden", "true");
      found.append(range);
    }
    return found;
  }

  toggle(id) {
    const without = this.chosen.filter((run) => run !== id);
    this.choose(without.length < this.chosen.length ? without : [...this.chosen, id]);
  }

  choose(ids) {
    if (ids.length && ids.length <= this.data.most) {
      this.chosen = ids;
      this.turn += 1;
      this.setState("chosen", { turn: this.turn, ids });
    }
    this.mark();
  }

  mark() {
    const several = this.chosen.length > 1;
    for (const { element: line, box, letter, row } of this.lines) {
      const place = this.chosen.indexOf(row.id);
      line.classList.toggle("chosen", place >= 0);
      if (place >= 0) line.setAttribute("aria-current", "true");
      else line.removeAttribute("aria-current");
      box.checked = place >= 0;
      box.disabled = place < 0 && this.chosen.length >= this.data.most;
      letter.hidden = !several || place < 0;
      letter.textContent = several && place >= 0 ? "ABCDEF"[place] : "";
      letter.style.borderColor = this.marks.get(row.id)?.colour ?? "var(--st-primary-color)";
      letter.style.display = letter.hidden ? "none" : "";
    }
  }
}

/* From a value to percent of the width that the column's intervals span, with a little room on both sides. */
function scale(rows, key) {
  const cells = rows.map((row) => row.cells[key]).filter((cell) => cell && cell.low !== null);
  const low = Math.min(...cells.map((cell) => cell.low));
  const span = Math.max(...cells.map((cell) => cell.high)) - low || 1;
  return (value) => 3 + (94 * (value - low)) / span;
}
