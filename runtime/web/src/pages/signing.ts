/** Signatures are drawn where they are asked for, and go with their form as the picture that could be chosen instead. */
import { announce, each } from "../core/page.ts";
import { Strokes, type Point } from "../core/strokes.ts";

const SHARPEST = 2;
const THICK = 2.4;

function picture(canvas: HTMLCanvasElement): File {
  const [, coded = ""] = canvas.toDataURL("image/png").split(",");
  const bytes = Uint8Array.from(atob(coded), (letter) => letter.charCodeAt(0));
  return new File([bytes], "signature.png", { type: "image/png" });
}

each("[data-signing]", (box) => {
  const input = box.querySelector<HTMLInputElement>("input[type=file]");
  const form = input?.form;
  const pen = document.createElement("canvas").getContext("2d");
  if (!input || !form || pen === null) return;
  const canvas = pen.canvas;
  const strokes = new Strokes();
  const again = document.createElement("button");
  const pad = document.createElement("div");
  const choose = document.createElement("details");
  const summary = document.createElement("summary");

  function draw(): void {
    if (pen === null) return;
    const sharp = Math.min(devicePixelRatio || 1, SHARPEST);
    canvas.width = Math.round(canvas.clientWidth * sharp);
    canvas.height = Math.round(canvas.clientHeight * sharp);
    pen.fillStyle = "#ffffff";
    pen.fillRect(0, 0, canvas.width, canvas.height);
    strokes.draw(pen, canvas.width, canvas.height, THICK * sharp);
    again.hidden = strokes.blank;
    pad.classList.toggle("blank", strokes.blank);
  }

  function place(event: PointerEvent): Point {
    const { left, top, width, height } = canvas.getBoundingClientRect();
    return [(event.clientX - left) / width, (event.clientY - top) / height];
  }

  /** What was stored or chosen before holds only as long as nothing else is drawn. */
  function hold(stored: boolean): void {
    for (const one of box.querySelectorAll<HTMLInputElement>("input[type=checkbox]")) one.checked = stored;
    for (const one of box.querySelectorAll("input[data-upload]")) one.closest(".preview")?.remove();
  }

  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", box.dataset.label ?? "");
  pad.className = "pad blank";
  pad.dataset.hint = box.dataset.label ?? "";
  again.type = "button";
  again.className = "quiet";
  again.textContent = box.dataset.again ?? "";
  again.hidden = true;
  summary.textContent = box.dataset.choose ?? "";
  choose.className = "instead";
  choose.append(summary);
  pad.append(canvas, again);
  input.before(pad, choose);
  for (const one of [...box.querySelectorAll<HTMLElement>("input[type=file], input[type=file] ~ button")]) choose.append(one);

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !event.isPrimary) return;
    event.preventDefault();
    canvas.setPointerCapture(event.pointerId);
    strokes.begin(place(event));
    draw();
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!canvas.hasPointerCapture(event.pointerId)) return;
    const several = event.getCoalescedEvents();
    for (const one of several.length > 0 ? several : [event]) strokes.go(place(one));
    draw();
  });
  canvas.addEventListener("lostpointercapture", () => {
    if (!strokes.signed) return;
    hold(false);
    form.dispatchEvent(new Event("input"));
  });
  again.addEventListener("click", () => {
    strokes.clear();
    hold(true);
    draw();
    announce(box.dataset.label ?? "");
  });
  input.addEventListener("change", () => {
    strokes.clear();
    draw();
  });
  form.addEventListener("formdata", (event) => {
    if (box.isConnected && strokes.signed) event.formData.set(input.name, picture(canvas));
  });
  new ResizeObserver(draw).observe(canvas);
});
