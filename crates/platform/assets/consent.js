// "Agree to all" ticks every box; the page works without it.
const all = document.getElementById("agree-to-all");
const boxes = [...document.querySelectorAll("form input[type=checkbox]")].filter((box) => box !== all);
const update = () => {
  all.checked = boxes.every((box) => box.checked);
};
all.addEventListener("change", () => boxes.forEach((box) => { box.checked = all.checked; }));
boxes.forEach((box) => box.addEventListener("change", update));
all.closest("[hidden]").hidden = false;
update();
