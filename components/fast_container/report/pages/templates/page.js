"use strict";
for (const map of document.querySelectorAll(".map")) {
  const boxes = [...map.querySelectorAll(".box")];
  const said = map.querySelector(".said");
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
  const tell = (box) => { said.textContent = box.getAttribute("aria-label"); };
  const go = (from, to) => {
    from.setAttribute("tabindex", "-1");
    to.setAttribute("tabindex", "0");
    to.focus();
  };
  map.addEventListener("pointerover", (event) => {
    const box = event.target.closest(".box");
    if (box) tell(box);
  });
  map.addEventListener("focusin", (event) => {
    const box = event.target.closest(".box");
    if (box) tell(box);
  });
  map.addEventListener("keydown", (event) => {
    const box = event.target.closest(".box");
    if (!box) return;
    let at = boxes.indexOf(box);
    if (event.key in step) at += step[event.key];
    else if (event.key === "Home") at = 0;
    else if (event.key === "End") at = boxes.length - 1;
    else return;
    event.preventDefault();
    if (boxes[at]) go(box, boxes[at]);
  });
}
