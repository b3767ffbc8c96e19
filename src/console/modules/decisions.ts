// The page of a tenant's decisions works without this: here links are copied, and a search says that it is under way.

import './copying.ts'
import { announce } from './dom.ts'

document.querySelector('.filters')?.addEventListener('submit', () => announce('Looking for them…'))
