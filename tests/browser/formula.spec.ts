// The formula editor: suggestions by label, paths, findings while typing, what records give; no word from the policy.
import { expect, test, type Page } from "@playwright/test";
import { login } from "./product.ts";

const editor = (page: Page) => page.locator("formula-editor .cm-content");
const offers = (page: Page) => page.locator("formula-editor .cm-tooltip-autocomplete li");
const says = (page: Page) => page.locator("formula-editor .says");

/** Take the first suggestion. The editor overlooks keys that were pressed before the list could be seen. */
async function take(page: Page, key = "Enter"): Promise<void> {
  await page.waitForTimeout(150);
  await page.keyboard.press(key);
}

async function type(page: Page, text: string): Promise<void> {
  await editor(page).click();
  await page.keyboard.press("Control+a");
  await page.keyboard.type(text);
}

test("a formula is written with help", async ({ page }) => {
  const complaints = await login(page);
  await page.goto("/docs/formula?object=quote&context=virtual");
  await expect(editor(page)).toBeVisible();
  await expect(page.locator("textarea#source")).toBeHidden();
  await expect(editor(page)).toHaveAttribute("aria-label", "Formula");

  // A field by its Chinese label; Enter takes it.
  await type(page, "客");
  await expect(offers(page).first()).toContainText("customer");
  await take(page);
  await expect(editor(page)).toHaveText("customer");
  // Through the link, by name.
  await page.keyboard.type(".gra");
  await expect(offers(page).first()).toContainText("grade");
  await take(page);
  await expect(editor(page)).toHaveText("customer.grade");
  // Its options, inside of quotes that close themselves.
  await page.keyboard.type(" == '");
  await expect(offers(page)).not.toHaveCount(0);
  await page.keyboard.press("Escape");
  await page.keyboard.type("B");
  await expect(says(page)).toHaveText("The formula is fine; it gives true or false.");

  // A function with its signature; the caret stands inside, the rows' own fields are offered.
  await type(page, "sum");
  await expect(offers(page).first()).toContainText("SUM");
  await expect(page.locator("formula-editor .cm-completionInfo")).toContainText("sum");
  await take(page);
  await expect(editor(page)).toHaveText("SUM()");
  await expect(page.locator("formula-editor .signature")).toContainText("SUM(number, …)");
  await page.keyboard.type("lines, quan");
  await expect(offers(page).first()).toContainText("quantity");
  await take(page, "Tab");
  await expect(editor(page)).toHaveText("SUM(lines, quantity)");
  await expect(says(page)).toHaveText("The formula is fine; it gives a number.");

  // What is wrong is marked where it stands, and put right by a press.
  await type(page, "subjct & 'x'");
  await expect(says(page)).toContainText("Did you mean subject");
  await expect(page.locator("formula-editor .cm-lintRange-error")).toHaveText("subjct");
  await page.keyboard.press("F8");
  await page.locator("formula-editor .cm-diagnosticAction").click();
  await expect(editor(page)).toHaveText("subject & 'x'");
  await expect(says(page)).toHaveText("The formula is fine; it gives a text.");

  // The form sends the same; the page answers without the editor too.
  await page.keyboard.press("Control+Enter");
  await expect(page).toHaveURL(/source=subject\+%26\+%27x%27/);
  expect(complaints).toEqual([]);
});

test("a filter is a formula that is tried on a record", async ({ page }) => {
  const complaints = await login(page);
  await page.goto("/o/customer");
  await expect(page.locator("formula-editor .editor")).toHaveCount(0);
  await page.locator(".filters > summary").click();
  await page.locator("details.formula > summary").click();
  await expect(editor(page)).toBeVisible();
  await page.locator("label[for=filter]").click();
  await page.keyboard.type("grade == 'B'");
  // Other specs make records too: the one that is meant is chosen.
  await page.locator("formula-editor select").selectOption({ label: "Acme" });
  await expect(page.locator("formula-editor output")).toHaveText("Result: yes");
  await type(page, "grade == 'A'");
  await expect(page.locator("formula-editor output")).toHaveText("Result: no");
  await type(page, "grade");
  await expect(page.locator(".editor-foot")).toHaveClass(/wrong/);
  // Tab leaves the editor.
  await page.keyboard.press("Escape");
  await page.keyboard.press("Tab");
  await expect(page.locator("formula-editor select")).toBeFocused();
  await type(page, "grade == 'A'");
  await page.keyboard.press("Control+Enter");
  await expect(page).toHaveURL(/filter=grade/);
  await expect(page.locator("main")).not.toContainText("Acme");
  expect(complaints).toEqual([]);
});

test("on a phone nothing is wider than the screen, and darkness is dark", async ({ page }) => {
  await page.setViewportSize({ width: 360, height: 740 });
  await page.emulateMedia({ colorScheme: "dark" });
  const complaints = await login(page);
  for (const address of ["/docs/formula?object=quote", "/docs/functions"]) {
    await page.goto(address);
    if (address.includes("object")) {
      await type(page, "SUM(lines, amount * 2) + LEN(subject & 'a rather long text that must be wrapped somewhere') + a");
      await expect(offers(page)).not.toHaveCount(0);
      const color = await page.locator("formula-editor .cm-editor").evaluate((one) => getComputedStyle(one).backgroundColor);
      expect(color).toBe("rgb(26, 31, 38)");
    }
    expect(await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)).toBeLessThanOrEqual(0);
  }
  expect(complaints).toEqual([]);
});

test("functions are found while typing", async ({ page }) => {
  const complaints = await login(page);
  await page.goto("/docs/functions");
  await page.fill("#q", "round zero");
  await expect(page.locator("#ROUND")).toBeVisible();
  await expect(page.locator("#LEFT")).toBeHidden();
  await page.fill("#q", "四舍五入");
  await expect(page.locator("#ROUND")).toBeVisible();
  await page.fill("#q", "no such thing");
  await expect(page.locator("function-search .note")).toHaveText("Nothing matches");
  expect(complaints).toEqual([]);
});

test("without scripts a formula is typed into a plain field", async ({ browser }) => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await login(page);
  await page.goto("/docs/formula?object=quote");
  await page.fill("#source", "LEN('ab') + 1");
  await page.click("button.primary");
  await expect(page.locator("#tried")).toContainText("it gives a number");
  await page.fill("#source", "LENN('ab')");
  await page.click("button.primary");
  await expect(page.locator("#tried")).toContainText("LEN");
  await context.close();
});
