/** What pages can do beyond forms and links. Everything works without it, only less comfortably. */
import "./lists.ts";
import "./panels.ts";
import "./forms.ts";
import "./pickers.ts";
import "./files.ts";
import "./signing.ts";
import "./printing.ts";
import "./keys.ts";

document.documentElement.dataset.live = "";
