import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { Stocks } from './stocks.tsx'
import './stocks.css'

createRoot(document.getElementById('root')!).render(<StrictMode><Stocks /></StrictMode>)
