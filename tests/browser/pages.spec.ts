// Every page: no serious finding of axe, nothing on the console, no sideways scrolling on a phone, in both looks.
import { expect, test, type Page } from "@playwright/test";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { known, login } from "./product.ts";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

interface Finding {
  id: string;
  impact: string | null;
  nodes: { html: string }[];
}

/** Every page of the product (a test compares the list with its routes), with the status where that is not 200. */
const list = JSON.parse(readFileSync(new URL("addresses.json", import.meta.url), "utf8")) as Record<"known" | "stranger", string[]>;

function addresses(whose: "known" | "stranger"): { address: string; status: number }[] {
  return list[whose].map((one) => {
    const [, status, pattern = ""] = /^(?:(\d{3}) )?(.*)$/.exec(one) ?? [];
    return { address: pattern.replace(/\{(\w+)\}/g, (_, name: string) => known[name] ?? name), status: Number(status ?? 200) };
  });
}

/** The page's own policy forbids foreign scripts, so axe is run from the debugger. */
async function findings(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  const found = await page.evaluate(async () => {
    const tool = (window as unknown as { axe: { run: (options: object) => Promise<{ violations: unknown[] }> } }).axe;
    return (await tool.run({ resultTypes: ["violations"] })).violations;
  });
  return (found as Finding[])
    .filter((one) => one.impact === "serious" || one.impact === "critical")
    .map((one) => `${one.id}: ${one.nodes.map((node) => node.html.slice(0, 160)).slice(0, 3).join(" | ")}`);
}

/** What is wrong with the pages: their status, what axe finds, what does not fit. */
async function wrongs(page: Page, whose: "known" | "stranger"): Promise<string[]> {
  const wrong: string[] = [];
  for (const { address, status } of addresses(whose)) {
    const answer = await page.goto(address);
    if (answer?.status() !== status) wrong.push(`${address} answers ${answer?.status() ?? 0}`);
    for (const one of await findings(page)) wrong.push(`${address} ${one}`);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    if (wide > 0) wrong.push(`${address} is ${wide} px wider than the screen`);
  }
  return wrong;
}

for (const look of [{ scheme: "light", width: 1280 }, { scheme: "dark", width: 360 }] as const) {
  test(`every page, ${look.scheme}, ${look.width} px`, async ({ browser }) => {
    test.setTimeout(280_000);
    const context = await browser.newContext({ colorScheme: look.scheme, viewport: { width: look.width, height: 800 } });
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on("pageerror", (error) => complaints.push(error.message));
    const wrong = await wrongs(page, "stranger");
    complaints.push(...await login(page));
    wrong.push(...await wrongs(page, "known"));
    expect(wrong).toEqual([]);
    expect(complaints.filter((one) => !one.includes("404"))).toEqual([]);
    await context.close();
  });
}
