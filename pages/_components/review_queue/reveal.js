/* What a reveal shows: the line under the face, the evidence beside it, the map over it. */

const ANSWER_WORDS = { "not a face": "not_a_face" };

class Reveal {
  constructor(find, titles, colours, keymap) {
    Object.assign(this, { find, titles, colours, keymap });
    this.layer = 0; // 0: the face alone, 1, 2: a map over it
  }

  /* The line under the face. `stage`: blind, armed or revealed; `first`: the answer that stands, or null. */
  draw(card, stage, first) {
    const open = stage === "revealed" && Boolean(card);
    const words = open ? "" : this.closedWords(stage, first);
    if (!open && words === this.drawn) return; // most faces: nothing to draw
    this.drawn = words;
    const reveal = open ? card.reveal : null;
    this.find(".hidden-text").hidden = open;
    this.find(".shown").hidden = !open;
    this.find(".closed").hidden = open;
    this.find(".open").hidden = !open;
    this.find(".hidden-text").textContent = words;
    this.find(".hint").textContent = open ? this.openWords(first) : "";
    const [top, share] = reveal?.probabilities[0] ?? [];
    const asked = reveal?.asked && top;
    this.mark(".given", reveal?.given);
    this.mark(".suggestion", asked ? top : null, asked ? percent(share) : open ? "not asked" : "");
    this.mark(".former", open ? first?.answer : null);
    this.find(".yours").hidden = !(open && first);
    this.layer = 0;
    this.find(".heat").hidden = true;
    if (open) this.drawEvidence(card);
    else this.find(".open").replaceChildren();
  }

  closedWords(stage, first) {
    const look = this.keymap.cap("reveal");
    if (stage === "armed") return `Your answer first, then everything is shown. ${look} again shows it now.`;
    if (first) {
      return `You said ${this.titles.get(first.answer)}. A new answer takes its place; Esc goes back to the queue.`;
    }
    return "The given label stays hidden until you have answered.";
  }

  openWords(first) {
    const keep = this.keymap.cap("keep");
    if (!first) return `Answer, or ${keep} keeps the given label.`;
    return `Answer again, ${keep} keeps the given label, Enter stays with yours.`;
  }

  mark(selector, name, also = "") {
    const element = this.find(selector);
    element.textContent = [name ? this.titles.get(name) : "", also].filter(Boolean).join(" ");
    paintClass(element, this.colours.get(name) ?? {});
  }

  /* The evidence beside the face; what is looked up on request says so until it is there. */
  drawEvidence(card) {
    const { reveal, look } = card;
    const parts = [this.copies(reveal), this.networks(reveal), this.reasons(reveal)];
    if (look?.error) parts.push(make("p", "quiet", look.error));
    if (look?.maps) parts.push(this.maps(look.maps));
    if (look?.facts) parts.push(this.alike(look.facts, reveal), this.said(look.facts));
    if (!look || look.pending) parts.push(make("p", "quiet waiting", "Looking closer"));
    this.find(".open").replaceChildren(...parts.filter(Boolean));
  }

  copies({ copies }) {
    if (copies < 2) return null;
    const all = copies === 2 ? "both" : `all ${copies.toLocaleString()}`;
    return make("p", "copies", `This answer counts for ${all} copies of the picture.`);
  }

  networks({ probabilities, asked }) {
    const part = section("What networks see");
    if (!asked || !probabilities.length) {
      part.append(make("p", "quiet", "No network has been asked about this data set; the Audit page does that."));
      return part;
    }
    const bars = make("dl", "bars");
    for (const [name, share] of probabilities) {
      bars.append(...bar(this.titles.get(name), share, percent(share), this.colours.get(name)));
    }
    part.append(bars, make("p", "quiet", "By networks that did not train on this image."));
    return part;
  }

  reasons({ suspect, reasons }) {
    if (!suspect && !reasons.length) return null;
    const part = section("What the audit says");
    if (suspect) part.append(make("p", "", suspect));
    if (reasons.length) {
      const list = make("ul");
      list.append(...reasons.map((reason) => make("li", "", reason)));
      part.append(list);
    }
    return part;
  }

  maps(maps) {
    if (!maps.length) return null;
    const part = section("Where a network looked");
    const cap = make("kbd", "", this.keymap.cap("map"));
    part.firstElementChild.append(cap);
    const choice = make("div", "choice");
    const names = ["Face", ...maps.map((map) => `Why ${map.class}?`)];
    this.choices = names.map((name, number) => {
      const button = make("button", "", name);
      button.type = "button";
      button.addEventListener("click", (event) => {
        if (event.detail) button.blur();
        this.show(number);
      });
      return button;
    });
    this.mapped = maps;
    choice.append(...this.choices);
    part.append(choice);
    this.show(this.layer);
    return part;
  }

  /* Lay a map over the face, or none (0). */
  show(number) {
    this.layer = number;
    const map = this.mapped[number - 1];
    const heat = this.find(".heat");
    heat.hidden = !map;
    if (map) {
      heat.src = map.image;
      heat.alt = `Bright places speak for ${map.class}`;
    }
    this.choices.forEach((button, at) => button.setAttribute("aria-pressed", at === number));
  }

  nextMap(card) {
    if (!this.find(".open").hidden && card?.look?.maps?.length) this.show((this.layer + 1) % this.choices.length);
  }

  alike({ neighbours }, { given }) {
    if (!neighbours.length) return null;
    const same = neighbours.filter((other) => other.given === given).length;
    const part = section(`Most alike: ${same} of ${neighbours.length} have the same label`);
    const strip = make("div", "neighbours");
    for (const other of neighbours) {
      const figure = make("figure");
      const image = new Image();
      image.src = other.image;
      image.alt = "";
      const caption = make("figcaption", "mark", this.titles.get(other.given));
      paintClass(caption, this.colours.get(other.given) ?? {});
      figure.append(image, caption);
      strip.append(figure);
    }
    part.append(strip);
    return part;
  }

  said({ people, votes, source }) {
    const part = section("What people said");
    const list = make("ul", "people");
    for (const { annotator, answer, seen, decision } of people) {
      const item = make("li");
      item.append(make("span", "who", annotator), this.answer(answer));
      item.append(make("span", "quiet", decision ? "decided" : seen === "revealed" ? "after a look" : "blind"));
      list.append(item);
    }
    if (people.length) part.append(list);
    if (votes.length) {
      const told = votes.map(({ answer, count }) => `${count} ${answer}`).join(", ");
      part.append(make("p", "", `Votes: ${told}`), make("p", "quiet", `From ${source}.`));
    }
    if (!people.length && !votes.length) part.append(make("p", "quiet", "Nobody has said anything yet."));
    return part;
  }

  answer(name) {
    const mark = make("span", "mark", this.titles.get(ANSWER_WORDS[name] ?? name) ?? name);
    paintClass(mark, this.colours.get(name) ?? {});
    return mark;
  }
}

const percent = (share) => `${Math.round(100 * share)}%`;

function section(title) {
  const part = make("section", "part");
  part.append(make("h3", "", title));
  return part;
}
