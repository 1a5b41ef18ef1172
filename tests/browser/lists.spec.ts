// Lists and boards by hand: cards dragged by mouse and keys, cells changed in place, filters built, quick view, shortcuts.
import { expect, test, type Page } from "@playwright/test";
import { known, login } from "./product.ts";

const board = "/o/customer?view=customer_board";

async function lanes(page: Page): Promise<{ from: string; to: string }> {
  const from = await page.locator("[data-lane]", { has: page.locator("[data-card]") }).first().getAttribute("data-lane");
  const all = await page.locator("[data-lane]").evaluateAll((found) => found.map((one) => one.getAttribute("data-lane")));
  const to = all[all.indexOf(from) + 1] ?? all[all.indexOf(from) - 1];
  return { from: from ?? "", to: to ?? "" };
}

test("a card is dragged to another column, and Escape puts it back", async ({ page }) => {
  const complaints = await login(page);
  await page.goto(board);
  await expect(page.locator("record-board[data-live]")).toBeVisible();
  const { from, to } = await lanes(page);
  const card = page.locator(`[data-card="${known.customer}"]`);
  const source = await card.boundingBox();
  const target = await page.locator(`[data-lane="${to}"]`).boundingBox();
  if (source === null || target === null) throw new Error("nothing to drag");
  const start = [source.x + source.width / 2, source.y + source.height - 8] as const;
  await page.mouse.move(...start);
  await page.mouse.down();
  await page.mouse.move(start[0] + 20, start[1] + 5, { steps: 3 });
  await expect(page.locator(".dragged")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.locator(".dragged")).toHaveCount(0);
  await page.mouse.up();
  await expect(page.locator(`[data-lane="${from}"] [data-card="${known.customer}"]`)).toBeVisible();

  await page.mouse.move(...start);
  await page.mouse.down();
  await page.mouse.move(target.x + 60, target.y + 70, { steps: 8 });
  const stored = page.waitForResponse((one) => one.url().includes("/move"));
  await page.mouse.up();
  expect((await stored).status()).toBe(200);
  await page.reload();
  await expect(page.locator(`[data-lane="${to}"] [data-card="${known.customer}"]`)).toBeVisible();

  // Back by keyboard, told to a screen reader.
  const back = page.waitForResponse((one) => one.url().includes("/move"));
  await page.locator(`[data-card="${known.customer}"]`).focus();
  await page.keyboard.press("Alt+ArrowLeft");
  expect((await back).status()).toBe(200);
  await expect(page.locator(`[data-lane="${from}"] [data-card="${known.customer}"]`)).toBeFocused();
  await expect(page.locator("#live")).toContainText("is now in");
  expect(complaints).toEqual([]);
});

test("somebody was faster: the card goes back with the reason", async ({ page }) => {
  await login(page);
  await page.goto(board);
  const { from } = await lanes(page);
  await page.locator(`[data-card="${known.customer}"]`).evaluate((card) => card.setAttribute("data-version", "9999"));
  await page.locator(`[data-card="${known.customer}"]`).focus();
  await page.keyboard.press("Alt+ArrowRight");
  await expect(page.locator(".toast")).toContainText("Somebody else has changed the record");
  await expect(page.locator(`[data-lane="${from}"] [data-card="${known.customer}"]`)).toBeVisible();
});

test("a filter is built, a cell is changed, a record looked at quickly", async ({ page }) => {
  const complaints = await login(page);
  await page.goto("/o/customer");
  await page.click(".filters > summary");
  await page.selectOption("#filter-add", "grade");
  await expect(page.locator(".condition")).toHaveCount(1);
  await page.selectOption("#op-0", "in");
  await expect(page.locator(".condition [type=checkbox]").first()).toBeVisible();
  await page.selectOption("#op-0", "eq");
  await expect(page.locator("select#v-0")).toBeVisible();
  await page.selectOption("#v-0", { index: 2 });
  await page.click(".filter .primary");
  await expect(page).toHaveURL(/filter=grade/);

  await page.goto("/o/customer");
  const cell = page.locator('tr:has-text("Acme") [data-cell]').first();
  const path = await cell.getAttribute("data-cell");
  await cell.focus();
  await page.keyboard.press("Enter");
  const form = page.locator(`form[action="${path ?? ""}"]`);
  await expect(form).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(form).toHaveCount(0);
  await cell.dblclick();
  await form.locator(".primary").click();
  await expect(form).toHaveCount(0);

  await page.locator('tr:has-text("Acme") a.open').focus();
  await page.keyboard.press("Space");
  await expect(page.locator("#side")).toContainText("Acme");
  await page.keyboard.press("Escape");
  await expect(page.locator("#side")).toBeHidden();
  await page.keyboard.press("?");
  await expect(page.locator("dialog.sheet")).toBeVisible();
  await page.keyboard.press("Escape");
  await page.locator("body").press("/");
  await expect(page.locator("main #q")).toBeFocused();
  expect(complaints).toEqual([]);
});

test("a form that is left asks first, and a link is picked by typing", async ({ page }) => {
  await login(page);
  await page.goto("/o/contact/new");
  const select = page.locator("select[data-picker][name=customer]");
  const text = page.locator(`#${(await select.getAttribute("id")) ?? ""}-text`);
  await text.fill("acm");
  await expect(page.locator(".picked [role=option]").first()).toHaveText("Acme");
  await page.keyboard.press("Enter");
  await expect(select).toHaveValue(known.customer ?? "");
  await expect(text).toHaveValue("Acme");
  let asked = false;
  page.on("dialog", (dialog) => {
    asked = true;
    void dialog.accept();
  });
  await page.click(".brand");
  await page.waitForURL("**/");
  expect(asked).toBe(true);
});
