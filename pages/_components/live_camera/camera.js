/* The live camera: frames out, boxes and bars in.
 *
 * One frame is under way at most: the next one leaves when the last is answered, five a second at the fastest. An
 * answer that belongs to another frame than the one under way is ignored. Frames exist in this canvas, on the wire and
 * in the page's memory until the next one; nothing is stored.
 */

const INTERVAL = 200; // ms between two frames
const PATIENCE = 5000; // ms after which an unanswered frame is given up
const FIRST_PATIENCE = 30000; // ms for the first one, which waits until the network is loaded
const QUALITY = 0.75; // of the JPEGs
const MOST_BARS = 3; // faces with all their bars; more are named on the video alone

const cameras = new WeakMap();

export default function (component) {
  const root = component.parentElement;
  let camera = cameras.get(root);
  if (!camera) {
    camera = new LiveCamera(root);
    cameras.set(root, camera);
  }
  camera.receive(component);
  return () => {
    camera.leave();
    cameras.delete(root);
  };
}

class LiveCamera {
  constructor(root) {
    this.frame = root.querySelector(".camera");
    this.stage = root.querySelector(".stage");
    this.video = root.querySelector("video");
    this.boxes = root.querySelector(".boxes");
    this.faces = root.querySelector(".faces");
    this.status = root.querySelector(".status");
    this.startButton = root.querySelector(".start");
    this.stopButton = root.querySelector(".stop");
    this.canvas = document.createElement("canvas");
    this.instance = [...crypto.getRandomValues(new Uint32Array(2))].map((part) => part.toString(36)).join("");
    this.seq = 0;
    this.sent = null; // {seq, at} of the frame under way
    this.answered = false;
    this.stream = null;
    this.asking = 0; // which press of Start the browser is asking about
    this.startButton.onclick = () => this.start();
    this.stopButton.onclick = () => this.stop("The camera is off. Nothing was stored.");
    this.hidden = () => {
      if (document.hidden && this.running) {
        this.stop("The camera was stopped because this tab was hidden. Start it again when you are back.");
      }
    };
    this.gone = () => this.stop("");
    document.addEventListener("visibilitychange", this.hidden);
    addEventListener("pagehide", this.gone);
  }

  get running() {
    return this.frame.dataset.state !== "off";
  }

  receive({ data, setStateValue }) {
    this.setState = setStateValue;
    this.classes = data.classes;
    this.side = data.side;
    const { answer } = data;
    if (!this.stream || !this.sent || answer?.instance !== this.instance || answer.seq !== this.sent.seq) return;
    const { at } = this.sent;
    this.sent = null;
    this.answered = true;
    if (answer.error) {
      this.stop(answer.error, true);
      return;
    }
    this.draw(answer);
    this.frame.dataset.delay = Math.round(performance.now() - at); // ms from taking the frame to drawing its boxes
    this.frame.dataset.seq = answer.seq;
    this.sendIn(INTERVAL - (performance.now() - at));
  }

  async start() {
    if (this.running) return;
    const asking = ++this.asking;
    this.show("starting", "Waiting for your permission to use the camera.");
    let stream;
    try {
      if (!navigator.mediaDevices?.getUserMedia) throw new DOMException("", "InsecureContext");
      stream = await navigator.mediaDevices.getUserMedia({
        video: { width: { ideal: 640 }, height: { ideal: 480 }, facingMode: "user" },
        audio: false,
      });
    } catch (error) {
      if (asking === this.asking) this.stop(why(error), true);
      return;
    }
    if (asking !== this.asking) {
      end(stream); // stopped or left while the browser was asking
      return;
    }
    this.stream = stream;
    for (const track of stream.getTracks()) {
      track.addEventListener("ended", () => {
        if (this.stream === stream) this.stop("The camera was taken away. Plug it in and start it again.", true);
      });
    }
    this.video.srcObject = stream;
    try {
      await this.video.play();
    } catch {
      if (this.stream === stream) this.stop("The camera gives no picture. Close other programs that use it.", true);
      return;
    }
    if (this.stream !== stream) return;
    this.stage.style.aspectRatio = `${this.video.videoWidth} / ${this.video.videoHeight}`;
    this.show("on", "Looking for faces. The first answer takes a moment.");
    this.send();
  }

  stop(words, problem = false) {
    this.asking += 1;
    clearTimeout(this.timer);
    const stream = this.stream;
    this.stream = null;
    if (stream) {
      end(stream);
      this.seq += 1;
      this.setState?.("frame", { instance: this.instance, seq: this.seq, image: null }); // take the last frame back
    }
    this.sent = null;
    this.video.srcObject = null;
    this.boxes.replaceChildren();
    this.faces.replaceChildren();
    this.show("off", words, problem);
  }

  leave() {
    document.removeEventListener("visibilitychange", this.hidden);
    removeEventListener("pagehide", this.gone);
    this.setState = null; // there is nobody left to tell
    this.stop("");
  }

  sendIn(delay) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.send(), Math.max(delay, 0));
  }

  send() {
    if (!this.stream) return;
    const { videoWidth: width, videoHeight: height } = this.video;
    const scale = Math.min(1, this.side / Math.max(width, height));
    this.canvas.width = Math.max(1, Math.round(width * scale));
    this.canvas.height = Math.max(1, Math.round(height * scale));
    this.canvas.getContext("2d").drawImage(this.video, 0, 0, this.canvas.width, this.canvas.height);
    const image = this.canvas.toDataURL("image/jpeg", QUALITY).split(",", 2)[1];
    this.seq += 1;
    this.sent = { seq: this.seq, at: performance.now() };
    this.setState("frame", { instance: this.instance, seq: this.seq, image });
    this.sendIn(this.answered ? PATIENCE : FIRST_PATIENCE); // should the answer get lost
  }

  draw({ width, height, faces }) {
    const count = faces.length;
    const found = count === 0 ? "No face in sight." : count === 1 ? "1 face." : `${count} faces.`;
    if (this.status.textContent !== found) this.status.textContent = found; // screen readers hear changes only
    const told = faces.map((face) => ({ ...face, best: face.probabilities.indexOf(Math.max(...face.probabilities)) }));
    match(this.boxes, count, () => make("div", "box", make("span")));
    told.forEach((face, place) => {
      const [x, y, wide, high] = face.box;
      const box = this.boxes.children[place];
      // The video is mirrored, as a mirror is; so are its boxes.
      box.style.left = `${(100 * (width - x - wide)) / width}%`;
      box.style.top = `${(100 * y) / height}%`;
      box.style.width = `${(100 * wide) / width}%`;
      box.style.height = `${(100 * high) / height}%`;
      box.style.setProperty("--class", this.classes[face.best].colour);
      box.classList.toggle("high", y / height < 0.12);
      box.firstChild.textContent = `${count > 1 ? `${count - place} · ` : ""}${this.name(face)}`;
    });
    // From the left as they are seen, which in a mirror is from the last to the first.
    const shown = told.reverse().slice(0, MOST_BARS);
    match(this.faces, shown.length, () => this.card());
    shown.forEach((face, place) => this.fill(this.faces.children[place], face, count > 1 ? place + 1 : 0));
  }

  name(face) {
    return `${this.classes[face.best].name} ${percent(face.probabilities[face.best])}`;
  }

  card() {
    const card = make("div", "face", make("h4"));
    for (const { name, colour } of this.classes) {
      const label = make("span");
      label.textContent = name;
      const track = make("span", "track", make("i"));
      track.style.setProperty("--class", colour);
      track.setAttribute("aria-hidden", "true");
      card.append(label, track, make("span", "number"));
    }
    return card;
  }

  fill(card, face, number) {
    const [head, ...cells] = card.children;
    head.textContent = number ? `Face ${number} · ${this.name(face)}` : this.name(face);
    face.probabilities.forEach((share, index) => {
      const [label, track, value] = cells.slice(3 * index, 3 * index + 3);
      track.firstChild.style.width = `${100 * share}%`;
      value.textContent = percent(share);
      label.classList.toggle("first", index === face.best);
      value.classList.toggle("first", index === face.best);
    });
  }

  show(state, words, problem = false) {
    this.frame.dataset.state = state;
    if (problem) this.frame.dataset.problem = "";
    else delete this.frame.dataset.problem;
    this.status.textContent = words;
    this.startButton.hidden = state !== "off";
    this.stopButton.hidden = state === "off";
  }
}

function end(stream) {
  for (const track of stream.getTracks()) track.stop();
}

/* What a person can do about a camera that does not come. */
function why({ name }) {
  if (name === "NotAllowedError") {
    return "The browser was not allowed to use the camera. Allow it in the address bar, then press Start again.";
  }
  if (name === "NotFoundError" || name === "OverconstrainedError") {
    return "No camera was found. Plug one in, then press Start again.";
  }
  if (name === "InsecureContext") {
    return "Browsers give the camera only to pages on this machine (localhost) or over https. Open the app that way.";
  }
  return "The camera cannot be used now; another program may hold it. Close that program, then press Start again.";
}

function percent(share) {
  if (share > 0.99) return "over 99 %"; // never "100 %": nothing is
  return share < 0.01 ? "<1 %" : `${Math.round(100 * share)} %`;
}

/* As many children as wanted; those that are there stay, so that they can move. */
function match(parent, count, make) {
  while (parent.children.length > count) parent.lastChild.remove();
  while (parent.children.length < count) parent.append(make());
}
