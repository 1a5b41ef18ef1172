/** A button that prints the page, or keeps it as a file: it stands only where it can. */
import { each } from "../core/page.ts";

each("[data-print]", (button) => {
  button.hidden = false;
  button.addEventListener("click", () => { print(); });
});
