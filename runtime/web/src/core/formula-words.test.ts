import { describe, expect, it } from "vitest";
import { callAt, offersAt, placeAt, tokens, unitsAt, type Words } from "./formula-words.ts";

const quote: Words = {
  object: "quote",
  members: [
    { name: "subject", labels: { en: "Subject", zh: "主题" }, type: "text" },
    { name: "status", labels: { en: "Status", zh: "状态" }, type: "choice", options: [{ key: "open", labels: { en: "Open", zh: "进行中" } }, { key: "lost", labels: { en: "Lost", zh: "丢单" } }] },
    { name: "customer", labels: { en: "Customer", zh: "客户" }, type: "ref", to: "customer" },
    { name: "unit_price", labels: { en: "Unit price", zh: "合同 单价" }, type: "number" },
    { name: "lines", labels: { en: "Lines", zh: "明细" }, type: "children", to: "line" },
  ],
  functions: [
    { name: "SUM", aliases: [], signature: "SUM(number, …) | SUM(lines, value, where)", help: "The sum.", example: "SUM(1, 2)" },
    { name: "AVG", aliases: ["AVERAGE"], signature: "AVG(number, …)", help: "The average.", example: "" },
    { name: "TODAY", aliases: [], signature: "TODAY()", help: "The day.", example: "" },
  ],
  people: ["USER.id", "USER.name"],
};
const others: Record<string, Words> = {
  customer: { object: "customer", members: [{ name: "grade", labels: { en: "Grade", zh: "等级" }, type: "choice", options: [{ key: "A", labels: {} }] }, { name: "owner", labels: { en: "Owner", zh: "负责人" }, type: "ref", to: "user" }] },
  user: { object: "user", members: [{ name: "name", labels: {}, type: "text" }, { name: "department", labels: {}, type: "ref", to: "department" }] },
  line: { object: "line", members: [{ name: "qty", labels: { en: "Quantity", zh: "数量" }, type: "number" }, { name: "product", labels: { en: "Product", zh: "产品" }, type: "ref", to: "product" }] },
  product: { object: "product", members: [{ name: "code", labels: { en: "Code", zh: "编码" }, type: "text" }] },
};
const load = (name: string): Promise<Words | null> => Promise.resolve(others[name] ?? null);

/** The labels offered where | stands. */
async function at(text: string, language: "en" | "zh" = "en"): Promise<string[]> {
  const position = text.indexOf("|");
  const found = await offersAt(text.replace("|", ""), position, quote, load, language);
  return found?.offers.map((one) => one.label) ?? [];
}

describe("pieces of a formula", () => {
  it("knows names, texts, braces and full-width signs", () => {
    expect(tokens("IF（状态 == “开”，{合同 金额}, 1.5)").map((one) => `${one.kind} ${one.text}`)).toEqual([
      "name IF", "sign (", "name 状态", "sign ==", "text “开”", "sign ,", "braced {合同 金额}", "sign ,", "number 1.5", "sign )",
    ]);
    expect(tokens("'abc").at(-1)?.closed).toBe(false);
  });
  it("never fails and covers what it reads", () => {
    const signs = "a.{}'\"“”()[]（，,=<>&|1𠮷中 \n\\+-".split("");
    let seed = 7;
    for (let round = 0; round < 2000; round++) {
      let text = "";
      for (let number = 0; number < 12; number++) {
        seed = (seed * 1103515245 + 12345) % 2147483648;
        text += signs[seed % signs.length] ?? "";
      }
      for (let position = 0; position <= text.length; position++) {
        const place = placeAt(text, position);
        if (place !== null) expect(place.from).toBeLessThanOrEqual(position);
      }
    }
  });
  it("is quick on long texts", () => {
    const begun = performance.now();
    placeAt("(".repeat(4000), 4000);
    placeAt("'".repeat(4000), 4000);
    placeAt("{".repeat(4000), 4000);
    expect(performance.now() - begun).toBeLessThan(200);
  });
});

describe("what is offered", () => {
  it("finds fields by name and by label of both languages", async () => {
    expect(await at("sta|")).toEqual(["status"]);
    expect(await at("状|")).toEqual(["status"]);
    expect(await at("1 + unit p|", "zh")).toEqual(["unit_price"]);
    expect(await at("{unit p|")).toEqual(["unit_price"]);
    expect(await at("{合同|}")).toEqual(["unit_price"]);
  });
  it("follows links, however many", async () => {
    expect(await at("customer.|")).toEqual(["grade", "owner"]);
    expect(await at("customer.own|")).toEqual(["owner"]);
    expect(await at("{客户}.owner.dep|")).toEqual(["department"]);
    expect(await at("subject.|")).toEqual([]);
    expect(await at("nothing.|")).toEqual([]);
  });
  it("knows whose fields the arguments of a sum are", async () => {
    expect(await at("SUM(lines, q|")).toEqual(["qty"]);
    expect(await at("SUM(lines, qty * product.|)")).toEqual(["code"]);
    expect(await at("SUM(lines, PARENT.unit|)")).toEqual(["unit_price"]);
    expect(await at("SUM(l|")).toContain("lines");
    expect(await at("SUM(lines, qty) + uni|")).toEqual(["unit_price"]);
    expect(await at("SUM(1, uni|")).toEqual(["unit_price"]);
    expect(await at("LOOKUP('product', ROW.c|")).toEqual(["code"]);
    expect(await at("LOOKUP('product', ROW.code == subj|")).toEqual(["subject"]);
  });
  it("names options in quotes", async () => {
    expect(await at("status == '|'")).toEqual(["open", "lost"]);
    expect(await at("status == '丢|")).toEqual(["lost"]);
    expect(await at("status not in ['open', 'l|")).toEqual(["lost"]);
    expect(await at("customer.grade = '|'")).toEqual(["A"]);
    expect(await at("SWITCH(status, 'o|'")).toEqual(["open", "lost"]);
    expect(await at("subject == '|'")).toEqual([]);
    expect(await at("'|'")).toEqual([]);
  });
  it("knows functions, the user and words", async () => {
    expect(await at("av|")).toEqual(["AVG"]);
    expect(await at("aver|")).toEqual(["AVG"]);
    expect(await at("USER.n|")).toEqual(["name"]);
    expect(await at("1 an|")).toEqual(["and"]);
    expect(await at("12|")).toEqual([]);
    const found = await offersAt("TOD", 3, quote, load, "en");
    expect(found?.offers[0]).toMatchObject({ insert: "TODAY()", detail: "TODAY()" });
    expect(found?.offers[0]?.back).toBeUndefined();
    expect((await offersAt("SU", 2, quote, load, "en"))?.offers.find((one) => one.label === "SUM")).toMatchObject({ insert: "SUM()", back: 1 });
  });
  it("says what a field is called, first in the language of the page", async () => {
    expect((await offersAt("status", 6, quote, load, "zh"))?.offers[0]?.detail).toBe("状态 · Status");
    expect((await offersAt("status", 6, quote, load, "en"))?.offers[0]?.detail).toBe("Status · 状态");
  });
});

describe("around the place", () => {
  it("tells the call and its argument", () => {
    expect(callAt("IF(a > (1), ROUND(b, ", 21)).toEqual({ name: "ROUND", argument: 1 });
    expect(callAt("IF(a in [1, 2], ", 16)).toEqual({ name: "IF", argument: 1 });
    expect(callAt("ROUND(1)", 8)).toBeNull();
  });
  it("turns characters into units", () => {
    expect(unitsAt("𠮷野家", 1)).toBe(2);
    expect(unitsAt("abc", 9)).toBe(3);
  });
});
