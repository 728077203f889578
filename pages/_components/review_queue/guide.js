/* The guide: what each class means, faces that show it, and what tells the hard pairs apart. */

class Guide {
  constructor(panel, entries, pairs, titles, colours) {
    this.faces = new Map(); // class -> where its examples go
    this.sides = [];
    const list = make("div", "entries");
    for (const { command, text } of entries) {
      const entry = make("section", "entry");
      const head = make("h4");
      const cap = make("kbd");
      cap.dataset.cap = command;
      paintClass(cap, colours.get(command) ?? {});
      head.append(cap, titles.get(command));
      const strip = make("div", "examples");
      this.faces.set(command, strip);
      entry.append(head, make("p", "quiet", text), strip);
      list.append(entry);
    }
    const hard = make("div", "pairs");
    for (const { one, other, text } of pairs) {
      const entry = make("section", "entry");
      const head = make("h4", "", `${titles.get(one)} or ${titles.get(other).toLowerCase()}?`);
      const both = make("div", "versus");
      for (const name of [one, other]) {
        const side = make("div");
        const title = make("span", "mark", titles.get(name));
        paintClass(title, colours.get(name) ?? {});
        const strip = make("div", "examples");
        side.append(title, strip);
        both.append(side);
        this.sides.push({ strip, name });
      }
      entry.append(head, make("p", "quiet", text), both);
      hard.append(entry);
    }
    this.note = make("p", "quiet note-on-examples", "Examples are on their way.");
    panel.replaceChildren(make("h3", "", "Hard to tell apart"), hard, make("h3", "", "The answers"), this.note, list);
    this.titles = titles;
  }

  /* `classes`: class -> pictures; `pairs`: {one, other} pictures, in the order of the pairs. */
  take({ classes, pairs }) {
    for (const [name, pictures] of Object.entries(classes)) this.fill(this.faces.get(name), pictures, name);
    pairs.flatMap(({ one, other }) => [one, other]).forEach((pictures, number) => {
      this.fill(this.sides[number].strip, pictures, this.sides[number].name);
    });
    const some = Object.values(classes).some((pictures) => pictures.length);
    this.note.hidden = some;
    this.note.textContent = "Examples come with an audit, or once two people agree on enough faces.";
  }

  fill(strip, pictures, name) {
    strip.replaceChildren(
      ...pictures.map((source, number) => {
        const image = new Image();
        image.src = source;
        image.alt = `${this.titles.get(name)}, example ${number + 1}`;
        return image;
      }),
    );
  }
}
