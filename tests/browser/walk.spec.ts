// The first day of a new user, with clicks, drags and fingers: what the guide promises, from the login to a colleague's rights.
import { expect, test, type Browser, type Locator, type Page } from "@playwright/test";
import { choose, known, login } from "./product.ts";

test.describe.configure({ mode: "serial" });
const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
const unique = Date.now().toString(36);
const company = `华星精密仪器${unique}`;
let customer = "";
let opportunity = "";

async function opened(browser: Browser, options: object = {}): Promise<{ page: Page; complaints: string[] }> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  return { page, complaints: await login(page) };
}

/** Hold a finger on something, move it, let go. */
async function fingerDrag(page: Page, from: Locator, to: Locator): Promise<void> {
  await from.scrollIntoViewIfNeeded();
  const source = await from.boundingBox();
  if (source === null) throw new Error("nothing to take");
  const session = await page.context().newCDPSession(page);
  const at = { x: source.x + source.width / 2, y: source.y + source.height - 10 };
  const touch = (type: "touchStart" | "touchMove" | "touchEnd", x: number, y: number): Promise<unknown> =>
    session.send("Input.dispatchTouchEvent", { type, touchPoints: type === "touchEnd" ? [] : [{ x, y }] });
  await touch("touchStart", at.x, at.y);
  await expect(page.locator(".dragged")).toBeVisible();
  for (let step = 0; step < 40; step += 1) {
    const target = await to.boundingBox();
    if (target === null) throw new Error("nowhere to put it");
    const inside = target.x + 20 < 390 && target.x >= 0;
    // Near the edge of the screen the board scrolls by itself.
    const wanted = inside ? { x: target.x + 25, y: target.y + 60 } : { x: 380, y: at.y };
    at.x += (wanted.x - at.x) / 3;
    at.y += (wanted.y - at.y) / 3;
    await touch("touchMove", at.x, at.y);
    if (inside && Math.abs(wanted.x - at.x) < 2) break;
  }
  await expect(to).toHaveClass(/over/);
  await touch("touchEnd", at.x, at.y);
}

test("logs in and switches the language", async ({ browser }) => {
  const { page, complaints } = await opened(browser);
  await page.click(".who > summary");
  await page.click('.usermenu [name=language][value="zh"]');
  await expect(page.locator("html")).toHaveAttribute("lang", "zh-CN");
  await expect(page.locator("#menu")).toContainText("客户");
  await page.click(".who > summary");
  await page.click('.usermenu [name=language][value="en"]');
  await expect(page.locator("html")).toHaveAttribute("lang", "en");
  expect(complaints).toEqual([]);
});

test("creates a lead on a phone and converts it", async ({ browser }) => {
  const { page, complaints } = await opened(browser, phone);
  await page.click(".menu-open");
  await page.locator('#menu a[href^="/o/lead"]').first().click();
  await page.goto("/o/lead/new");
  await page.fill("#name", "沈嘉禾");
  await page.fill("#company", company);
  await page.click("form.record .actions .primary");
  await expect(page.locator("[data-summary]")).toContainText("must be filled in");
  await page.selectOption("#source", "website");
  await page.fill("#mobile", "13800001234");
  await page.fill("#budget", "250000");
  await page.click("form.record .actions .primary");
  await expect(page.locator("h1")).toContainText(company);

  await page.click('a[href$="/convert/sale"]');
  await expect(page.locator("#customer-name")).toHaveValue(company);
  await expect(page.locator("#contact-name")).toHaveValue("沈嘉禾");
  await expect(page.locator("#opportunity-amount")).toHaveValue(/^250[,]?000/);
  expect(await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)).toBeLessThanOrEqual(0);
  // Left out and wanted after all.
  await page.uncheck("#make-opportunity");
  await expect(page.locator("#opportunity-name")).toBeHidden();
  await page.check("#make-opportunity");
  await page.fill("#opportunity-name", `检测线 ${unique}`);
  await page.dblclick("form.becoming .actions .primary");
  await expect(page.locator(".notice")).toContainText("Done");
  await expect(page.locator('a[href$="/convert/sale"]')).toHaveCount(0);
  customer = (await page.locator("dd a", { hasText: company }).first().getAttribute("href")) ?? "";
  opportunity = (await page.locator("dd a", { hasText: `检测线 ${unique}` }).first().getAttribute("href")) ?? "";
  expect(customer).toContain("/o/customer/");
  await page.goto(opportunity);
  await expect(page.locator("main")).toContainText(company);
  expect(complaints.filter((one) => !one.includes("422"))).toEqual([]); // The form that was refused.
});

test("moves the opportunity on the board, by mouse and by finger", async ({ browser }) => {
  const id = opportunity.split("/").at(-1) ?? "";
  const desk = await opened(browser, { viewport: { width: 1280, height: 900 } });
  await desk.page.goto("/o/opportunity?view=opportunity_board");
  const card = desk.page.locator(`[data-card="${id}"]`);
  const lane = (key: string, page: Page): Locator => page.locator(`[data-lane="${key}"]`);
  await expect(lane("discover", desk.page).locator(`[data-card="${id}"]`)).toBeVisible();
  const source = await card.boundingBox();
  const target = await lane("qualify", desk.page).boundingBox();
  if (source === null || target === null) throw new Error("nothing to drag");
  await desk.page.mouse.move(source.x + source.width / 2, source.y + source.height - 8);
  await desk.page.mouse.down();
  await desk.page.mouse.move(target.x + 60, target.y + 70, { steps: 8 });
  const stored = desk.page.waitForResponse((one) => one.url().includes("/move"));
  await desk.page.mouse.up();
  expect((await stored).status()).toBe(200);

  const small = await opened(browser, phone);
  await small.page.goto("/o/opportunity?view=opportunity_board");
  await expect(small.page.locator("record-board[data-live]")).toBeVisible();
  const moved = small.page.waitForResponse((one) => one.url().includes("/move"));
  await fingerDrag(small.page, small.page.locator(`[data-card="${id}"]`), lane("propose", small.page));
  expect((await moved).status()).toBe(200);
  await small.page.reload();
  await expect(lane("propose", small.page).locator(`[data-card="${id}"]`)).toBeVisible();
  // A finger that moves at once scrolls; nothing is taken.
  const session = await small.page.context().newCDPSession(small.page);
  await small.page.locator(`[data-card="${id}"]`).scrollIntoViewIfNeeded();
  const box = await small.page.locator(`[data-card="${id}"]`).boundingBox();
  if (box === null) throw new Error("the card is gone");
  await session.send("Input.synthesizeScrollGesture", { x: Math.min(Math.max(box.x + 20, 60), 330), y: box.y + 10, xDistance: -120, gestureSourceType: "touch" });
  await expect(small.page.locator(".dragged")).toHaveCount(0);
  expect([...desk.complaints, ...small.complaints]).toEqual([]);
});

test("adds line items to a quote", async ({ browser }) => {
  const { page, complaints } = await opened(browser);
  await page.goto("/o/quote/new");
  await page.fill("#subject", `检测线报价 ${unique}`);
  await choose(page, "customer", customer.split("/").at(-1));
  await choose(page, "lines-0-product", known.pump);
  await page.fill("#lines-0-quantity", "3");
  await choose(page, "lines-1-product", known.valve);
  await page.fill("#lines-1-quantity", "2");
  await expect(page.locator('[data-live="lines-0-amount"]')).toContainText("300");
  await page.click("form.record .actions.end .primary");
  await expect(page).toHaveURL(/\/o\/quote\/[0-9a-f-]{36}$/);
  const lines = page.locator("main .card table").first();
  await expect(lines).toContainText("Pump");
  await expect(lines).toContainText("Valve");
  await expect(lines.locator("tbody tr")).toHaveCount(2);
  expect(complaints).toEqual([]);
});

test("finds the customer by initials and looks at its history", async ({ browser }) => {
  const { page, complaints } = await opened(browser);
  await page.goto("/o/customer");
  await page.fill("main #q", "hxjm");
  await page.press("main #q", "Enter");
  await page.locator("a.open", { hasText: company }).click();
  const side = page.locator("#side");
  if (await side.isVisible()) await page.goto(customer);
  await expect(page.locator("h1")).toContainText(company);
  await expect(page.locator(".timeline")).toContainText("李雷 created");
  await expect(page.locator(".timeline")).toContainText(`检测线 ${unique}`);
  await page.fill("#everywhere", "huaxing");
  await page.press("#everywhere", "Enter");
  await expect(page.locator("main")).toContainText(company);
  expect(complaints).toEqual([]);
});

test("gives a colleague the role of marketing, who sees what marketing sees", async ({ browser }) => {
  const { page, complaints } = await opened(browser);
  await page.goto("/admin/users");
  await page.click("details.card > summary");
  await page.fill("#name", `han${unique}`);
  await page.fill("#full_name", "韩梅梅");
  await page.fill("#password", known.password ?? "");
  await page.click("details.card .primary");
  await page.goto("/admin/users");
  await page.locator("a.open", { hasText: "韩梅梅" }).first().click();
  await page.getByLabel("Marketing", { exact: true }).check();
  await page.click("form.card .primary");
  await expect(page.locator("main")).toContainText("韩梅梅");

  const context = await browser.newContext();
  const hers = await context.newPage();
  await hers.goto("/login");
  await hers.fill("[name=username]", `han${unique}`);
  await hers.fill("[name=password]", known.password ?? "");
  await hers.press("[name=password]", "Enter");
  await expect(hers.locator(".who")).toContainText("韩梅梅");
  expect((await hers.goto("/o/campaign"))?.status()).toBe(200);
  expect((await hers.goto("/o/lead"))?.status()).toBe(200);
  for (const hidden of ["/o/payment", "/admin/users"]) {
    const answer = await hers.goto(hidden);
    expect([403, 404], hidden).toContain(answer?.status());
  }
  await page.goto(opportunity);
  await expect(page.locator("main")).toContainText("Customer's budget");
  await hers.goto(opportunity);
  await expect(hers.locator("h1")).toContainText(`检测线 ${unique}`);
  await expect(hers.locator("main")).not.toContainText("Customer's budget");
  await expect(hers.locator('.actions a[href$="/edit"]')).toHaveCount(0);
  await hers.goto("/");
  await expect(hers.locator("#menu")).not.toContainText("Administration");
  expect(complaints).toEqual([]);
  await context.close();
});
