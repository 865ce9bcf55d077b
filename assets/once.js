// Sends a form once however often its button is pressed: the answer to a second sending would take the place of the
// first one's, and say that a password or a code is wrong which the first has just replaced or used up.
"use strict";

const TEN_SECONDS = 10_000;
let sent = new WeakMap();

document.addEventListener("submit", (event) => {
  const form = event.target;
  // A download leaves its page where it is, and may be wanted again.
  if (event.defaultPrevented || form.action.endsWith("/file")) return;
  if (event.timeStamp - (sent.get(form) ?? -Infinity) < TEN_SECONDS) event.preventDefault();
  else sent.set(form, event.timeStamp);
});

// Whoever comes back to the page, as after a wrong password, sends its form anew.
addEventListener("pageshow", ({ persisted }) => {
  if (persisted) sent = new WeakMap();
});
