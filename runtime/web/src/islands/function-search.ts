/** `<function-search data-island>` around the search of the function reference: hides while typing what does not match. */
class FunctionSearch extends HTMLElement {
  connectedCallback(): void {
    const input = this.querySelector("input");
    const note = document.createElement("p");
    note.className = "note";
    note.setAttribute("role", "status");
    note.hidden = true;
    this.append(note);
    input?.addEventListener("input", () => {
      const left = this.narrow(input.value);
      note.textContent = this.dataset.none ?? "";
      note.hidden = left > 0;
    });
  }

  /** Hide what does not match; how many are left. */
  narrow(text: string): number {
    const words = text.toLowerCase().split(/\s+/).filter((one) => one !== "");
    let left = 0;
    for (const group of document.querySelectorAll<HTMLElement>("[data-group]")) {
      let here = 0;
      for (const one of group.querySelectorAll<HTMLElement>("[data-words]")) {
        const said = one.dataset.words ?? "";
        one.hidden = !words.every((word) => said.includes(word));
        if (!one.hidden) here += 1;
      }
      group.hidden = here === 0;
      left += here;
    }
    return left;
  }
}

customElements.define("function-search", FunctionSearch);
