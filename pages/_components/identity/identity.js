/* Tells the server whom this browser should keep: {name, stamp} comes in, {stamp, kept} goes back.
 *
 * The request outlives the page (keepalive), so that a person who types a name and reloads at once is known.
 */

let told = null; // the stamp of what was sent last; drawn again, it is not sent again

export default function ({ data, setStateValue, parentElement }) {
  hide(parentElement);
  if (data.stamp === told) return;
  told = data.stamp;
  send(data.name).then((kept) => setStateValue("told", { stamp: data.stamp, kept }));
}

async function send(name) {
  const request = { method: "DELETE", credentials: "same-origin", keepalive: true };
  if (name) {
    request.method = "POST";
    request.headers = { "Content-Type": "application/json" };
    request.body = JSON.stringify({ name });
  }
  try {
    return (await fetch("/identify", request)).ok;
  } catch {
    return false; // the server is away; the page goes on with the name that was typed
  }
}

/* An element without content would still take a row's gap. */
function hide(root) {
  const host = root.host ?? root;
  const row = host.closest(".st-key-identity");
  if (row) row.style.display = "none";
}
