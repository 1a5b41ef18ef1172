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

const record = `/o/customer/${known.customer}`;
const addresses = [
  "/", "/me", "/search?q=acme", "/keys", "/docs", "/nothing", "/admin", "/admin/users", "/admin/departments", "/admin/roles",
  "/admin/why", "/admin/tokens", "/admin/audit", "/o/customer", "/o/customer?q=nobody", "/o/customer/filter?add=grade",
  "/o/customer?view=customer_board", "/o/activity?view=activity_calendar", "/o/opportunity?view=opportunity_board",
  "/o/customer/new", "/o/quote/new", "/import/customer", record, `${record}/edit`, `${record}/delete`, `${record}/share`, `${record}/owner`,
  "/tasks", "/tasks?box=done", "/tasks?box=started", "/notifications", `/tasks/${known.task}`, `/tasks/flows/${known.flow}`,
  `/o/quote/${known.held}`, `/tasks/start/quote_approval/quote/${known.quote}`,
];

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

for (const look of [{ scheme: "light", width: 1280 }, { scheme: "dark", width: 360 }] as const) {
  test(`every page, ${look.scheme}, ${look.width} px`, async ({ browser }) => {
    test.setTimeout(200_000);
    const context = await browser.newContext({ colorScheme: look.scheme, viewport: { width: look.width, height: 800 } });
    const page = await context.newPage();
    const complaints = await login(page);
    const wrong: string[] = [];
    for (const address of addresses) {
      const answer = await page.goto(address);
      if (answer?.status() === 404 && address !== "/nothing") continue; // A view that the template does not have.
      for (const one of await findings(page)) wrong.push(`${address} ${one}`);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      if (wide > 0) wrong.push(`${address} is ${wide} px wider than the screen`);
    }
    expect(wrong).toEqual([]);
    expect(complaints.filter((one) => !one.includes("404"))).toEqual([]);
    await context.close();
  });
}
