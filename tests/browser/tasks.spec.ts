// An approval from its submission to its end: on the desk of who asks, on the phone of who decides, in both languages.
import { expect, test, type Browser, type Page } from "@playwright/test";
import { known } from "./product.ts";

const phone = { width: 390, height: 800 };
const desk = { width: 1280, height: 860 };

async function enter(browser: Browser, name: string, viewport = desk): Promise<Page> {
  const context = await browser.newContext({ viewport, hasTouch: viewport.width < 600 });
  const page = await context.newPage();
  page.on("pageerror", (error) => { throw error; });
  await page.goto("/login");
  await page.fill("[name=username]", name);
  await page.fill("[name=password]", known.password ?? "");
  await page.press("[name=password]", "Enter");
  await expect(page.locator("h1")).toBeVisible();
  return page;
}

/** The task of the quote that this spec is about, as its holder finds it. */
async function open(page: Page): Promise<void> {
  await page.goto("/tasks");
  await page.locator("a.open", { hasText: "Pumps for the north" }).click();
  await expect(page.locator("h1")).toContainText("Pumps for the north");
}

async function fits(page: Page): Promise<void> {
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  expect(wide, page.url()).toBeLessThanOrEqual(0);
}

/** What an instance's page is on paper, also when the screen is dark, and a button that prints it. */
async function printed(page: Page): Promise<void> {
  await page.evaluate(() => { window.print = () => { document.title = "printed"; }; });
  await page.getByRole("button", { name: "Print or save as PDF" }).click();
  await expect(page).toHaveTitle("printed");
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "History as PDF" }).click()]);
  expect(file.suggestedFilename()).toMatch(/Pumps for the north.*\.pdf$/);
  await page.setViewportSize({ width: 703, height: 1000 });
  await page.evaluate(() => { document.documentElement.dataset.theme = "dark"; });
  await page.emulateMedia({ media: "print", colorScheme: "dark" });
  for (const part of [".top", ".menu", ".crumbs", ".actions", "main button", "main form", "main summary"]) {
    expect(await page.locator(part).filter({ visible: true }).count(), part).toBe(0);
  }
  for (const part of ["h1", ".story li", ".flow-box", ".values", ".head + .only-print"]) await expect(page.locator(part).first()).toBeVisible();
  const [ground, ink] = await page.evaluate(() => { const { backgroundColor, color } = getComputedStyle(document.body); return [backgroundColor, color]; });
  expect([ground, ink]).toEqual(["rgb(255, 255, 255)", "rgb(0, 0, 0)"]);
  await fits(page);
  const cut = await page.locator(".flow-card, .story .words, .list td").evaluateAll((all) => all.filter((one) => one.getBoundingClientRect().right > innerWidth).length);
  expect(cut, "nothing is cut at the edge of the paper").toBe(0);
}

test("a quote is submitted, looked at by one more, returned, mended and approved", async ({ browser }) => {
  test.setTimeout(90_000);
  const li = await enter(browser, "li");
  await li.goto(`/o/quote/${known.quote}`);
  await li.getByRole("button", { name: "Submit: Quote approval" }).click();
  await expect(li.locator(".approvals")).toContainText("Waiting for: 王经理");
  await expect(li.getByText("In approval", { exact: true }).first()).toBeVisible();

  const boss = await enter(browser, "boss", phone);
  await expect(boss.locator("a.counted .badge").first()).toHaveText("1");
  await open(boss);
  await fits(boss);
  const agree = boss.getByRole("button", { name: "Agree" });
  const box = await agree.boundingBox();
  expect(box !== null && box.y + box.height <= phone.height && box.height >= 40, "the bar is in reach of the thumb").toBe(true);
  await boss.getByRole("link", { name: "More", exact: true }).click();
  await boss.locator("summary", { hasText: "Add signers" }).click();
  const signers = boss.locator("form").filter({ has: boss.locator('[name="action"][value="add_sign"]') });
  await signers.getByRole("combobox", { name: "People" }).fill("方");
  await boss.getByRole("option", { name: "方芳" }).click();
  await expect(signers.locator(".pick")).toContainText("方芳");
  await signers.getByRole("button", { name: "Add signers" }).click();
  await expect(boss.locator(".story")).toContainText("asked 方芳 to sign first");

  const fang = await enter(browser, "fang", phone);
  await open(fang);
  await fang.fill("[name=comment]", "The price is right.");
  await fang.getByRole("button", { name: "Agree" }).click();
  await expect(fang.locator(".story")).toContainText("The price is right.");

  await open(boss);
  await boss.locator("summary", { hasText: "Return" }).click();
  const back = boss.locator("form").filter({ has: boss.locator('[name="action"][value="return"]') });
  await back.getByRole("button", { name: "Return" }).click();
  await expect(boss.locator("[data-summary]")).toContainText("a comment is needed here");
  await back.locator("[name=comment]").fill("A smaller discount, please.");
  await back.getByRole("button", { name: "Return" }).click();
  await expect(boss.locator(".task-facts")).toContainText("Returned");

  await open(li);
  await expect(li.locator(".story")).toContainText("A smaller discount, please.");
  await li.getByRole("link", { name: "Edit the record" }).click();
  await li.fill("form.record [name=subject]", "Pumps for the north, fewer");
  await li.locator("form.record .end button.primary").click();
  await li.waitForURL((url) => !url.pathname.endsWith("/edit"));  // Else the next page would break the save off.
  await open(li);
  await li.getByRole("button", { name: "Submit again" }).click();
  await expect(li.locator(".task-facts")).toContainText("round 2");

  await open(boss);
  await expect(boss.locator(".changes").first()).toContainText("fewer");
  await agree.dblclick();
  await expect(boss.locator(".task-facts")).toContainText("Approved");

  await li.reload();
  const drawn = li.locator(".flow-box");
  await expect(drawn.locator(".is-done > .flow-card").last()).toContainText("Approved");
  await expect(drawn.locator(".flow-way.is-off").first()).toContainText("Within the limits");
  await expect(li.locator(".story li").first()).toContainText("Approved");
  expect(await li.locator(".story").getByText("agreed", { exact: false }).count()).toBe(2);
  await li.locator("summary .face").click();
  await li.getByRole("button", { name: "中文" }).click();
  await expect(li.locator(".task-facts")).toContainText("已通过");
  await expect(li.locator(".story")).toContainText("退回到：发起");
  await expect(li.locator(".flow-way.is-off").first()).toContainText("限额以内");
  await li.locator("summary .face").click();
  await li.getByRole("button", { name: "English" }).click();
  await printed(li);
  for (const one of [li, boss, fang]) await one.context().close();
});

test("several tasks are decided at once, and without scripts too", async ({ browser }) => {
  const context = await browser.newContext({ javaScriptEnabled: false, viewport: phone });
  const page = await context.newPage();
  await page.goto("/login");
  await page.fill("[name=username]", "li");
  await page.fill("[name=password]", known.password ?? "");
  await page.press("[name=password]", "Enter");
  await page.goto("/tasks");
  await fits(page);
  await page.locator("tr", { hasText: "Valves for the south" }).getByRole("checkbox").check();
  await page.fill("#batch-comment", "Fine with me.");
  await page.getByRole("button", { name: "Agree" }).click();
  await expect(page.getByRole("status")).toContainText("1 task is decided.");
  await page.goto("/tasks?box=done");
  await page.locator("a.open", { hasText: "Valves for the south" }).click();
  await expect(page.locator(".story")).toContainText("Fine with me.");
  await context.close();
});
