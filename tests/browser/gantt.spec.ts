// A chart's bars by mouse, finger and keyboard: they move, they get another end, they go back where that is refused.
import { expect, test, type Locator, type Page } from "@playwright/test";
import { known, login } from "./product.ts";

const chart = "/o/campaign?view=campaign_plan&shows=day&on=2026-11-12";

async function opened(page: Page): Promise<Locator> {
  await page.goto(chart);
  await expect(page.locator("record-gantt[data-live]")).toBeVisible();
  return page.locator(`[data-entry="${known.campaign}"]`);
}

/** The days as the page shows them. */
async function days(row: Locator): Promise<string> {
  const at = async (name: string): Promise<string> => (await row.locator(name).getAttribute("datetime")) ?? "";
  return `${await at("[data-from]")} ${await at("[data-to]")}`;
}

/** A bar's box, and how wide a day is. */
async function box(row: Locator): Promise<{ left: number; right: number; middle: number; y: number; day: number }> {
  const bar = await row.locator("rect.whole").boundingBox();
  const track = await row.locator(".track").boundingBox();
  if (bar === null || track === null) throw new Error("nothing to drag");
  return { left: bar.x, right: bar.x + bar.width, middle: bar.x + bar.width / 2, y: bar.y + bar.height / 2, day: track.width / 28 };
}

async function shift(page: Page, work: () => Promise<void>): Promise<number> {
  const stored = page.waitForResponse((one) => one.url().includes("/shift"));
  await work();
  return (await stored).status();
}

test("a bar moves and gets another end, by mouse and by keyboard; Escape puts it back", async ({ page }) => {
  const complaints = await login(page);
  let row = await opened(page);
  expect(await days(row)).toBe("2026-11-09 2026-11-15");
  let at = await box(row);
  await page.mouse.move(at.middle, at.y);
  await page.mouse.down();
  await page.mouse.move(at.middle + 2 * at.day, at.y, { steps: 5 });
  expect(await days(row)).toBe("2026-11-11 2026-11-17");
  await page.keyboard.press("Escape");
  await page.mouse.up();
  expect(await days(row)).toBe("2026-11-09 2026-11-15");

  await page.mouse.move(at.middle, at.y);
  await page.mouse.down();
  await page.mouse.move(at.middle + 2 * at.day, at.y, { steps: 5 });
  expect(await shift(page, () => page.mouse.up())).toBe(200);
  at = await box(row);
  await page.mouse.move(at.right - 3, at.y);
  await page.mouse.down();
  await page.mouse.move(at.right - 3 + 3 * at.day, at.y, { steps: 5 });
  expect(await shift(page, () => page.mouse.up())).toBe(200);
  await expect(page.locator("#quick[open]")).toHaveCount(0);
  row = await opened(page);
  expect(await days(row)).toBe("2026-11-11 2026-11-20");

  await row.locator("a.open").focus();
  expect(await shift(page, async () => { for (let n = 0; n < 3; n += 1) await page.keyboard.press("Alt+ArrowLeft"); })).toBe(200);
  await expect(page.locator("#live")).toContainText("Autumn fair");
  expect(await shift(page, () => page.keyboard.press("Alt+Shift+ArrowRight"))).toBe(200);
  row = await opened(page);
  expect(await days(row)).toBe("2026-11-08 2026-11-18");

  const body = { version: "1", view: "campaign_plan", to: "2026-11-08", until: "2026-11-30", _csrf: (await page.locator("record-gantt").getAttribute("data-csrf")) ?? "" };
  await page.evaluate(async ([path, form]) => { await fetch(path, { method: "POST", body: new URLSearchParams(form), headers: { "HX-Request": "true" } }); }, [`/o/campaign/${known.campaign}/shift`, { ...body, version: "4" }] as const);
  await row.locator("a.open").focus();
  await page.evaluate(() => { for (const one of document.querySelectorAll<HTMLElement>("[data-entry]")) one.dataset.version = "1"; });
  expect(await shift(page, () => page.keyboard.press("Alt+ArrowRight"))).toBe(412);
  await expect(page.locator(".toast")).toContainText("Somebody else");
  expect(await days(row)).toBe("2026-11-08 2026-11-18");
  expect(complaints.filter((one) => !one.includes("412"))).toEqual([]);
});

test("by finger: held first, then moved; a touch opens the record", async ({ browser }) => {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, hasTouch: true });
  const page = await context.newPage();
  const complaints = await login(page);
  const row = await opened(page);
  const before = await days(row);
  const at = await box(row);
  const session = await context.newCDPSession(page);
  await session.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: [{ x: at.middle, y: at.y }] });
  await expect(page.locator("body.dragging")).toHaveCount(1);
  for (let step = 1; step <= 6; step += 1) await session.send("Input.dispatchTouchEvent", { type: "touchMove", touchPoints: [{ x: at.middle + (at.day * step) / 3, y: at.y }] });
  expect(await shift(page, async () => { await session.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] }); })).toBe(200);
  expect(await days(row)).not.toBe(before);
  await page.touchscreen.tap((await box(row)).middle, at.y);
  await page.waitForURL(`**/o/campaign/${known.campaign}`);
  expect(complaints).toEqual([]);
  await context.close();
});

test("without scripts it is a list with dates", async ({ browser }) => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto("/login");
  await page.fill("[name=username]", "li");
  await page.fill("[name=password]", known.password ?? "");
  await page.click("button.primary");
  await page.goto(chart);
  const row = page.locator(`[data-entry="${known.campaign}"]`);
  await expect(row).toContainText("Autumn fair");
  await expect(row).toContainText("2026");
  await expect(row.locator("rect.whole")).toBeVisible();
  await expect(page.locator("#gantt-help")).toBeHidden();
  await context.close();
});
