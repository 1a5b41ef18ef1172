// A guarded field changed on a board, in a list and in a calendar waits for an approval, and says so; the approval is signed by finger.
import { expect, test, type Page } from "@playwright/test";
import { known, login } from "./product.ts";

const SAID = "The change waits for approval. Until it is given, the present values stay in force.";

/** What the page says, and the workflow that its link leads to. */
async function told(page: Page, name: string): Promise<void> {
  const toast = page.locator(".toast");
  await expect(toast).toContainText(SAID);
  await expect(page.locator(".toast")).toHaveCount(1);
  await toast.getByRole("link", { name: "See the request" }).click();
  await expect(page.locator("h1")).toHaveText(name);
  await expect(page.locator(".task-facts")).toContainText("Under way");
  await expect(page.locator(".waiting .changes")).toBeVisible();
}

/** Take something by its lower edge to the middle of something else. */
async function dragged(page: Page, from: string, to: string): Promise<void> {
  const source = await page.locator(from).boundingBox();
  const target = await page.locator(to).boundingBox();
  if (source === null || target === null) throw new Error("nothing to drag");
  await page.mouse.move(source.x + source.width / 2, source.y + source.height - 6);
  await page.mouse.down();
  await page.mouse.move(source.x + source.width / 2 + 15, source.y + source.height, { steps: 3 });
  await page.mouse.move(target.x + target.width / 2, target.y + target.height - 12, { steps: 8 });
  const answered = page.waitForResponse((one) => one.request().method() === "POST");
  await page.mouse.up();
  expect((await answered).status()).toBe(202);
}

test("a card that is dragged goes back, and the way to the request is shown", async ({ page }) => {
  const complaints = await login(page);
  await page.goto("/o/paper?view=paper_board");
  await expect(page.locator("record-board[data-live]")).toBeVisible();
  const card = `[data-card="${known.north}"]`;
  await dragged(page, card, '[data-lane="sealed"]');
  await expect(page.locator(`[data-lane="open"] ${card}`)).toBeVisible();
  await expect(page.locator('[data-lane="sealed"] [data-card]')).toHaveCount(0);
  await told(page, "Lease north");
  await page.goto("/o/paper?view=paper_board");
  await page.locator(card).focus();
  await page.keyboard.press("Alt+ArrowRight");
  await expect(page.locator(".toast")).toContainText("an earlier change of this field waits for approval");
  await expect(page.locator(`[data-lane="open"] ${card}`)).toBeVisible();
  expect(complaints.filter((one) => !one.includes("423"))).toEqual([]);
});

test("a cell keeps its old value", async ({ page }) => {
  const complaints = await login(page);
  await page.goto("/o/paper?view=paper_list");
  const cell = page.locator("tr", { hasText: "Lease south" }).locator("[data-cell]", { hasText: "100" });
  await cell.dblclick();
  await page.locator("td form input[name=fee], [data-cell] form input[name=fee]").fill("250");
  await page.keyboard.press("Enter");
  await expect(page.locator(".toast")).toContainText(SAID);
  await expect(cell).toBeFocused();
  await expect(page.locator("tr", { hasText: "Lease south" })).not.toContainText("250");
  await told(page, "Lease south");
  expect(complaints).toEqual([]);
});

test("a day of the calendar stays, by mouse", async ({ page }) => {
  const complaints = await login(page);
  await page.goto("/o/paper?view=paper_calendar");
  const entry = `[data-entry="${known.west}"]`;
  const from = await page.locator("[data-day]", { has: page.locator(entry) }).getAttribute("data-day");
  const to = from?.replace(/-11$/, "-13") ?? "";
  await dragged(page, entry, `[data-day="${to}"]`);
  await expect(page.locator(`[data-day="${from}"] ${entry}`)).toBeVisible();
  await expect(page.locator(`[data-day="${to}"] [data-entry]`)).toHaveCount(0);
  await told(page, "Lease west");
  expect(complaints).toEqual([]);
});

test("the approval is signed with a finger on a phone", async ({ browser }) => {
  const context = await browser.newContext({ viewport: { width: 390, height: 800 }, hasTouch: true, isMobile: true });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => { if (message.type() === "error") complaints.push(message.text()); });
  page.on("pageerror", (error) => complaints.push(error.message));
  await page.goto("/login");
  await page.fill("[name=username]", "judge");
  await page.fill("[name=password]", known.password ?? "");
  await page.press("[name=password]", "Enter");
  await page.goto("/tasks");
  await page.locator("a.open", { hasText: "Lease south" }).click();
  await page.getByRole("button", { name: "Agree" }).click();
  await expect(page.locator("[data-summary]")).toContainText("a signature is needed here");
  complaints.length = 0; // The browser notes the status 422 of the refusal.
  const pad = page.locator(".decide .pad canvas");
  await pad.scrollIntoViewIfNeeded();
  const box = await pad.boundingBox();
  if (box === null) throw new Error("no pad");
  expect(box.width).toBeGreaterThan(280);
  const top = await page.evaluate(() => scrollY);
  const session = await context.newCDPSession(page);
  const touch = (type: "touchStart" | "touchMove" | "touchEnd", x: number, y: number): Promise<unknown> =>
    session.send("Input.dispatchTouchEvent", { type, touchPoints: type === "touchEnd" ? [] : [{ x, y }] });
  await touch("touchStart", box.x + 30, box.y + 110);
  for (let step = 1; step <= 24; step += 1) await touch("touchMove", box.x + 30 + step * 10, box.y + 80 + 45 * Math.sin(step / 2));
  await touch("touchEnd", 0, 0);
  expect(await page.evaluate(() => scrollY), "the finger draws, it does not scroll").toBe(top);
  await expect(page.locator(".decide .pad button")).toBeVisible();
  await page.locator(".decide .pad button").click();
  await expect(page.locator(".decide .pad button")).toBeHidden();
  await touch("touchStart", box.x + 30, box.y + 110);
  for (let step = 1; step <= 24; step += 1) await touch("touchMove", box.x + 30 + step * 10, box.y + 80 + 45 * Math.sin(step / 2));
  await touch("touchEnd", 0, 0);
  await page.getByRole("button", { name: "Agree" }).click();
  await expect(page.locator(".task-facts")).toContainText("Approved");
  const shown = page.getByRole("img", { name: "Signature of 包拯" });
  await shown.scrollIntoViewIfNeeded();
  expect(await shown.evaluate((one: HTMLImageElement) => one.naturalWidth)).toBeGreaterThan(280);
  const ink = await shown.evaluate((one: HTMLImageElement) => {
    const pen = document.createElement("canvas").getContext("2d");
    if (pen === null) return 0;
    [pen.canvas.width, pen.canvas.height] = [one.naturalWidth, one.naturalHeight];
    pen.drawImage(one, 0, 0);
    const data = pen.getImageData(0, 0, one.naturalWidth, one.naturalHeight).data;
    return data.filter((value, at) => at % 4 === 0 && value < 100).length;
  });
  expect(ink, "something is drawn on it").toBeGreaterThan(200);
  expect(complaints).toEqual([]);
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
  await context.close();
});
