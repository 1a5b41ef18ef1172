/**
 * The editor of formulas inside of an island: CodeMirror with suggestions, findings of the server and colors.
 * It lives in a shadow root: there CodeMirror uses constructed style sheets, which `style-src 'self'` allows.
 */
import { acceptCompletion, autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap, startCompletion, type Completion, type CompletionContext, type CompletionResult } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { bracketMatching } from "@codemirror/language";
import { forceLinting, linter, lintKeymap, type Diagnostic } from "@codemirror/lint";
import { EditorState, Prec, RangeSetBuilder, type Extension, type Transaction } from "@codemirror/state";
import { Decoration, drawSelection, EditorView, keymap, ViewPlugin, type DecorationSet, type ViewUpdate } from "@codemirror/view";
import { sentence } from "../core/page.ts";
import { otherWords, type Checked, type RootWords, type Texts } from "../core/formula-server.ts";
import { callAt, offersAt, tokens, unitsAt, type Language, type Offer } from "../core/formula-words.ts";

export interface Options {
  parent: ShadowRoot;
  value: string;
  language: Language;
  words: RootWords;
  /** Attributes of the editable element: what it is called, what describes it. */
  attributes: Record<string, string>;
  changed: (text: string) => void;
  /** Called with the caret's function: its signature, or "" outside of calls. */
  called: (signature: string) => void;
  check: (text: string) => Promise<Checked | null>;
  submit: () => void;
}

const LATER = 250;
const WORDS = new Set(["and", "or", "not", "in", "if", "else", "true", "false", "null"]);

const look = EditorView.theme({
  "&": { color: "var(--text)", backgroundColor: "var(--card)", border: "1px solid var(--edge)", borderRadius: "var(--radius)", fontSize: "0.8125rem" },
  "&.cm-focused": { outline: "2px solid var(--focus)", outlineOffset: "1px" },
  ".cm-scroller": { fontFamily: "var(--code)", lineHeight: "1.6", minHeight: "3.6rem", maxHeight: "16rem", overflow: "auto" },
  ".cm-content": { caretColor: "var(--text)", padding: "0.3rem 0" },
  ".cm-line": { padding: "0 0.55rem" },
  ".cm-cursor": { borderLeftColor: "var(--text)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "color-mix(in srgb, var(--focus) 30%, transparent)" },
  "&.cm-focused .cm-matchingBracket": { backgroundColor: "var(--accent-soft)", color: "inherit" },
  "&.cm-focused .cm-nonmatchingBracket": { backgroundColor: "var(--danger-soft)", color: "inherit" },
  ".cm-tooltip": { color: "var(--text)", backgroundColor: "var(--card)", border: "1px solid var(--rim)", borderRadius: "var(--radius)", maxWidth: "min(30rem, 92vw)", zIndex: "60" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "var(--font)", maxHeight: "14rem", maxWidth: "min(30rem, 92vw)" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li": { padding: "0.25rem 0.5rem", lineHeight: "1.4" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { backgroundColor: "var(--accent)", color: "var(--accent-text)" },
  ".cm-completionLabel": { fontFamily: "var(--code)" },
  ".cm-completionDetail": { fontStyle: "normal", opacity: "0.85" },
  ".cm-tooltip.cm-completionInfo": { padding: "0.4rem 0.6rem", whiteSpace: "pre-line" },
  ".cm-diagnostic": { padding: "0.3rem 0.6rem", fontFamily: "var(--font)" },
  ".cm-diagnostic-error": { borderLeftColor: "var(--danger)" },
  ".cm-diagnosticAction": { color: "var(--accent-text)", backgroundColor: "var(--accent)", minHeight: "1.6rem" },
  ".cm-lintRange-error": { backgroundImage: "none", textDecoration: "underline wavy var(--danger)", textDecorationSkipInk: "none" },
  ".cm-lintRange-warning": { backgroundImage: "none", textDecoration: "underline wavy var(--muted)", textDecorationSkipInk: "none" },
  ".f-function": { color: "var(--accent)", fontWeight: "600" },
  ".f-text": { color: "light-dark(#8a4b08, #e8b273)" },
  ".f-number": { color: "light-dark(#0b57d0, #8ab4f8)" },
  ".f-word": { color: "light-dark(#7a3e9d, #d0a6ec)" },
});

/** Colors: functions, texts, numbers, words of the language; fields stay plain. */
function painted(view: EditorView): DecorationSet {
  const made = new RangeSetBuilder<Decoration>();
  const all = tokens(view.state.doc.toString());
  all.forEach((token, at) => {
    let name = { text: "f-text", number: "f-number", name: "", braced: "", sign: "" }[token.kind];
    if (token.kind === "name" && all[at + 1]?.text === "(") name = "f-function";
    else if (token.kind === "name" && WORDS.has(token.text.toLowerCase())) name = "f-word";
    if (name !== "") made.add(token.start, token.end, Decoration.mark({ class: name }));
  });
  return made.finish();
}

const colors = ViewPlugin.fromClass(
  class {
    decorations: DecorationSet;
    constructor(view: EditorView) {
      this.decorations = painted(view);
    }
    update(update: ViewUpdate): void {
      if (update.docChanged) this.decorations = painted(update.view);
    }
  },
  { decorations: (one) => one.decorations },
);

function completion(offer: Offer): Completion {
  const { help, back = 0 } = offer;
  return {
    label: offer.label,
    detail: offer.detail,
    ...(help === undefined ? {} : { info: () => Object.assign(document.createElement("div"), { textContent: help }) }),
    apply: (view, _completion, from, to) => {
      const text = view.state.doc.toString();
      // The parenthesis, quote or brace may stand there already.
      const braced = text[from] === "{" && text[to] === "}";
      const there = offer.insert.endsWith("()") && text[to] === "(";
      const insert = there ? offer.insert.slice(0, -2) : offer.insert;
      view.dispatch({
        changes: { from, to: braced ? to + 1 : to, insert },
        selection: { anchor: from + insert.length - (there ? 0 : back) },
        userEvent: "input.complete",
      });
      if (offer.kind === "rows" || (back > 0 && !there)) startCompletion(view);
    },
  };
}

function suggestions(options: Options): (context: CompletionContext) => Promise<CompletionResult | null> {
  return async (context) => {
    const text = context.state.doc.toString();
    const found = await offersAt(text, context.pos, options.words, otherWords, options.language);
    if (found === null || found.offers.length === 0) return null;
    const before = text.slice(0, context.pos);
    if (!context.explicit && found.from === context.pos && !/[.'"‘“{]$/.test(before)) return null;
    return { from: found.from, options: found.offers.map(completion), filter: false };
  };
}

function diagnostics(text: string, checked: Checked, texts: Texts): Diagnostic[] {
  return checked.diagnostics.map((one) => {
    const from = unitsAt(text, one.start);
    const to = Math.min(Math.max(unitsAt(text, one.end), from), text.length);
    const { fix } = one;
    return {
      from: Math.min(from, to), to,
      severity: one.severity === "error" ? "error" : one.severity === "warning" ? "warning" : "info",
      message: one.message,
      actions: fix === null ? [] : [{
        name: sentence(texts.fix, { fix }),
        apply: (view, start, end) => view.dispatch({ changes: { from: start, to: end, insert: fix }, userEvent: "input" }),
      }],
    } satisfies Diagnostic;
  });
}

/**
 * Typing over a selection goes straight into the state: left to itself, Chromium keeps the look of colored text by a
 * style attribute, which the policy refuses with a complaint.
 */
const typedOver = EditorView.domEventHandlers({
  beforeinput: (event, view) => {
    const { data } = event;
    const { main } = view.state.selection;
    if (event.inputType !== "insertText" || data === null || main.empty || view.composing) return false;
    const insert = (): Transaction => view.state.update(view.state.replaceSelection(data), { userEvent: "input.type", scrollIntoView: true });
    const handled = view.state.facet(EditorView.inputHandler).some((handler) => handler(view, main.from, main.to, data, insert));
    if (!handled) view.dispatch(insert());
    event.preventDefault();
    return true;
  },
});

function extensions(options: Options): Extension[] {
  const { words, called } = options;
  const signatures = new Map((words.functions ?? []).flatMap((one) => [one.name, ...one.aliases].map((name) => [name, one.signature] as const)));
  return [
    Prec.high(keymap.of([
      { key: "Tab", run: acceptCompletion },
      { key: "Mod-Enter", run: () => { options.submit(); return true; } },
    ])),
    keymap.of([...closeBracketsKeymap, ...completionKeymap, ...lintKeymap, ...historyKeymap, ...defaultKeymap]),
    history(),
    drawSelection(),
    closeBrackets(),
    typedOver,
    bracketMatching(),
    autocompletion({ override: [suggestions(options)], icons: false, activateOnTypingDelay: 60 }),
    linter(async (view) => {
      const text = view.state.doc.toString();
      const found = await options.check(text);
      return found === null ? [] : diagnostics(text, found, words.texts);
    }, { delay: LATER }),
    colors,
    look,
    EditorView.lineWrapping,
    EditorView.contentAttributes.of({ spellcheck: "false", autocapitalize: "off", ...options.attributes }),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) options.changed(update.state.doc.toString());
      if (update.docChanged || update.selectionSet) {
        const found = callAt(update.state.doc.toString(), update.state.selection.main.head);
        called(found === null ? "" : (signatures.get(found.name) ?? ""));
      }
    }),
  ];
}

/** What the island holds on to. */
export interface FormulaView {
  focus: () => void;
  /** Put another text in. */
  set: (text: string) => void;
  /** Ask the server again, for another record. */
  again: () => void;
  destroy: () => void;
}

/** Put an editor into a shadow root. */
export function mount(options: Options): FormulaView {
  const view = new EditorView({
    state: EditorState.create({ doc: options.value, extensions: extensions(options) }),
    parent: options.parent,
    root: options.parent,
  });
  forceLinting(view);
  return {
    focus: () => view.focus(),
    set: (text) => {
      if (text !== view.state.doc.toString()) view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } });
    },
    again: () => {
      // A linter asks again only for another text: the same text put in once more is one.
      void options.check(view.state.doc.toString());
    },
    destroy: () => view.destroy(),
  };
}
