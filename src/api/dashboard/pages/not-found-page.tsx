import { Empty } from '../components/empty.js';
import { Page } from '../frame/page.js';

export function NotFoundPage() {
  return (
    <Page title="There is no such page">
      <Empty title="The address leads nowhere.">
        <p>
          Go <a href="/">Home</a>, or press <kbd>?</kbd> for the keys that lead to pages.
        </p>
      </Empty>
    </Page>
  );
}
