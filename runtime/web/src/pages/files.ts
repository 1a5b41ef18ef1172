/** Uploads go ahead of the form: with a preview, their progress, and the phone's camera where pictures are asked for. */
import { each } from "../core/page.ts";

interface Stored {
  id: string;
  name: string;
}

each("[data-files]", (box) => {
  const input = box.querySelector<HTMLInputElement>("input[type=file]");
  const form = input?.form;
  if (!input || !form) return;
  const name = box.dataset.name ?? "";
  const many = box.dataset.many !== undefined;

  function send(file: File): void {
    const row = document.createElement("div");
    row.className = "preview";
    if (file.type.startsWith("image/")) {
      const image = document.createElement("img");
      image.src = URL.createObjectURL(file);
      image.alt = "";
      image.addEventListener("load", () => URL.revokeObjectURL(image.src));
      row.append(image);
    }
    const progress = document.createElement("progress");
    progress.max = 1;
    progress.setAttribute("aria-label", `${box.dataset.going ?? ""} ${file.name}`);
    row.append(file.name, progress);
    box.append(row);
    const body = new FormData();
    body.append("_csrf", form?.querySelector<HTMLInputElement>("input[name=_csrf]")?.value ?? "");
    body.append("file", file);
    const request = new XMLHttpRequest();
    request.open("POST", "/files");
    request.setRequestHeader("Accept", "application/json");
    request.upload.addEventListener("progress", (event) => (progress.value = event.loaded / event.total));
    request.addEventListener("loadend", () => {
      if (request.status === 201) done(row, JSON.parse(request.responseText) as Stored);
      else failed(row, request.responseText);
    });
    request.send(body);
  }

  function done(row: HTMLElement, stored: Stored): void {
    if (!many) {
      for (const old of box.querySelectorAll<HTMLInputElement>('input[type=checkbox], input[type=hidden][data-upload]')) {
        if (old.type === "checkbox") old.checked = false;
        else old.closest(".preview")?.remove();
      }
    }
    row.querySelector("progress")?.remove();
    const held = document.createElement("input");
    held.type = "hidden";
    held.name = name;
    held.value = stored.id;
    held.dataset.upload = "";
    const remove = document.createElement("button");
    remove.type = "button";
    remove.className = "quiet";
    remove.textContent = "✕";
    remove.setAttribute("aria-label", `${box.dataset.remove ?? ""} ${stored.name}`);
    remove.addEventListener("click", () => row.remove());
    row.append(held, remove);
    form?.dispatchEvent(new Event("input"));
  }

  function failed(row: HTMLElement, text: string): void {
    row.querySelector("progress")?.remove();
    const why = document.createElement("span");
    why.className = "error";
    why.setAttribute("role", "alert");
    try {
      why.textContent = (JSON.parse(text) as { detail?: string }).detail ?? "✕";
    } catch {
      why.textContent = "✕";
    }
    row.append(why);
  }

  function take(files: FileList | null): void {
    const chosen = [...(files ?? [])];
    for (const file of many ? chosen : chosen.slice(0, 1)) send(file);
  }

  input.addEventListener("change", () => {
    take(input.files);
    input.value = "";
  });
  box.addEventListener("dragover", (event) => event.preventDefault());
  box.addEventListener("drop", (event) => {
    event.preventDefault();
    take(event.dataTransfer?.files ?? null);
  });

  if (input.accept.includes("image/") && matchMedia("(pointer: coarse)").matches) {
    const camera = document.createElement("input");
    camera.type = "file";
    camera.accept = "image/*";
    camera.setAttribute("capture", "environment");
    camera.hidden = true;
    camera.addEventListener("change", () => {
      take(camera.files);
      camera.value = "";
    });
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = box.dataset.photo ?? "";
    button.addEventListener("click", () => camera.click());
    input.after(button, camera);
  }
});
