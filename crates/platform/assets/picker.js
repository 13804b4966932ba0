// Tells the server when the window is closed; moving about inside the picker is not closing it.
let inside = false;
document.querySelectorAll("form[data-picker]").forEach((form) => form.addEventListener("submit", () => { inside = true; }));
addEventListener("pagehide", () => {
  if (!inside) navigator.sendBeacon("address/closed" + location.search);
});
