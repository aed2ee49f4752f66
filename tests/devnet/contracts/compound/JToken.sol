// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.0;

interface IJComptroller {
    function mintAllowed(address jToken, address minter, uint256 amount) external returns (uint256);
    function redeemAllowed(address jToken, address redeemer, uint256 tokens) external returns (uint256);
    function borrowAllowed(address jToken, address borrower, uint256 amount) external returns (uint256);
    function repayBorrowAllowed(address jToken, address payer, address borrower, uint256 amount)
        external
        returns (uint256);
    function liquidateBorrowAllowed(
        address borrowed,
        address collateral,
        address liquidator,
        address borrower,
        uint256 amount
    ) external returns (uint256);
    function seizeAllowed(
        address collateral,
        address borrowed,
        address liquidator,
        address borrower,
        uint256 tokens
    ) external returns (uint256);
    function transferAllowed(address jToken, address from, address to, uint256 tokens)
        external
        returns (uint256);
    function liquidateCalculateSeizeTokens(address borrowed, address collateral, uint256 repaid)
        external
        view
        returns (uint256, uint256);
}

interface IRateModel {
    function getBorrowRate(uint256 cash, uint256 borrows, uint256 reserves) external view returns (uint256);
}

interface IJUnderlying {
    function balanceOf(address account) external view returns (uint256);
    function transfer(address to, uint256 amount) external returns (bool);
    function transferFrom(address from, address to, uint256 amount) external returns (bool);
}

/// A cToken with JustLend's events: `Borrow` and `RepayBorrow` bring the index along, and every
/// operation ends with `JTokenBalance` and `JTokenStatus`. What the Comptroller refuses does not
/// revert: it emits `Failure` and returns a code.
abstract contract JToken {
    uint256 internal constant SCALE = 1e18;
    uint256 private constant MAX_RATE = 5e12;
    uint256 private constant REJECTION = 3;

    string public name;
    string public symbol;
    uint8 public constant decimals = 8;
    address public admin;
    IJComptroller public comptroller;
    IRateModel public interestRateModel;
    uint256 public reserveFactorMantissa;
    uint256 public accrualBlockNumber;
    uint256 public borrowIndex = SCALE;
    uint256 public totalBorrows;
    uint256 public totalReserves;
    uint256 public totalSupply;
    uint256 internal immutable initialExchangeRateMantissa;
    mapping(address => uint256) public balanceOf;

    struct BorrowSnapshot {
        uint256 principal;
        uint256 interestIndex;
    }
    mapping(address => BorrowSnapshot) private borrows;

    event AccrueInterest(uint256 cashPrior, uint256 interestAccumulated, uint256 borrowIndex, uint256 totalBorrows);
    event Mint(address minter, uint256 mintAmount, uint256 mintTokens);
    event Redeem(address redeemer, uint256 redeemAmount, uint256 redeemTokens);
    event Borrow(address borrower, uint256 borrowAmount, uint256 accountBorrows, uint256 totalBorrows, uint256 borrowIndex);
    event RepayBorrow(
        address payer, address borrower, uint256 repayAmount, uint256 accountBorrows, uint256 totalBorrows, uint256 borrowIndex
    );
    event LiquidateBorrow(
        address liquidator, address borrower, uint256 repayAmount, address cTokenCollateral, uint256 seizeTokens
    );
    event Transfer(address indexed from, address indexed to, uint256 amount);
    event JTokenBalance(address user, uint256 jtokenBalance);
    event JTokenStatus(
        uint256 totalCash,
        uint256 totalBorrow,
        uint256 totalReserve,
        uint256 totalSupply,
        uint256 borrowRatePerBlock,
        uint256 borrowIndex,
        uint256 reserveFactorMantissa
    );
    event NewReserveFactor(uint256 oldReserveFactorMantissa, uint256 newReserveFactorMantissa);
    event NewMarketInterestRateModel(address oldInterestRateModel, address newInterestRateModel);
    event ReservesReduced(address admin, uint256 reduceAmount, uint256 newTotalReserves);
    event Failure(uint256 error, uint256 info, uint256 detail);

    constructor(address comptroller_, address model, uint256 initialRate, string memory symbol_, address admin_) {
        comptroller = IJComptroller(comptroller_);
        interestRateModel = IRateModel(model);
        initialExchangeRateMantissa = initialRate;
        name = symbol_;
        symbol = symbol_;
        admin = admin_;
        accrualBlockNumber = block.number;
    }

    function isCToken() external pure returns (bool) {
        return true;
    }

    /// What the Comptroller of the test package asks for.
    function isVToken() external pure returns (bool) {
        return true;
    }

    // ---- views

    /// Cash before what the present call brought along.
    function cashPrior() internal view virtual returns (uint256);
    function take(address from, uint256 amount) internal virtual;
    function give(address payable to, uint256 amount) internal virtual;

    function getCash() external view returns (uint256) {
        return cashPrior();
    }

    function borrowRatePerBlock() public view returns (uint256) {
        return interestRateModel.getBorrowRate(cashPrior(), totalBorrows, totalReserves);
    }

    function exchangeRateStored() public view returns (uint256) {
        return rate(cashPrior());
    }

    function rate(uint256 cash) private view returns (uint256) {
        if (totalSupply == 0) return initialExchangeRateMantissa;
        return (cash + totalBorrows - totalReserves) * SCALE / totalSupply;
    }

    function borrowBalanceStored(address account) public view returns (uint256) {
        BorrowSnapshot storage own = borrows[account];
        return own.principal == 0 ? 0 : own.principal * borrowIndex / own.interestIndex;
    }

    function getAccountSnapshot(address account) external view returns (uint256, uint256, uint256, uint256) {
        return (0, balanceOf[account], borrowBalanceStored(account), exchangeRateStored());
    }

    // ---- interest

    function accrueInterest() public returns (uint256) {
        if (block.number == accrualBlockNumber) return 0;
        uint256 cash = cashPrior();
        uint256 perBlock = interestRateModel.getBorrowRate(cash, totalBorrows, totalReserves);
        require(perBlock <= MAX_RATE, "borrow rate is absurdly high");
        uint256 factor = perBlock * (block.number - accrualBlockNumber);
        uint256 interest = factor * totalBorrows / SCALE;
        totalBorrows += interest;
        totalReserves += reserveFactorMantissa * interest / SCALE;
        borrowIndex += factor * borrowIndex / SCALE;
        accrualBlockNumber = block.number;
        emit AccrueInterest(cash, interest, borrowIndex, totalBorrows);
        return 0;
    }

    // ---- users

    function refused(uint256 code) private returns (uint256) {
        emit Failure(REJECTION, 0, code);
        return REJECTION;
    }

    function status(address user) private {
        emit JTokenBalance(user, balanceOf[user]);
        market();
    }

    function market() private {
        // The call's own coins have arrived by now.
        uint256 cash = cashNow();
        emit JTokenStatus(
            cash,
            totalBorrows,
            totalReserves,
            totalSupply,
            interestRateModel.getBorrowRate(cash, totalBorrows, totalReserves),
            borrowIndex,
            reserveFactorMantissa
        );
    }

    function cashNow() internal view virtual returns (uint256);

    function mintFresh(address minter, uint256 amount) internal returns (uint256) {
        accrueInterest();
        uint256 code = comptroller.mintAllowed(address(this), minter, amount);
        if (code != 0) return refused(code);
        uint256 tokens = amount * SCALE / rate(cashPrior());
        take(minter, amount);
        totalSupply += tokens;
        balanceOf[minter] += tokens;
        emit Mint(minter, amount, tokens);
        emit Transfer(address(this), minter, tokens);
        status(minter);
        return 0;
    }

    function redeem(uint256 tokens) external returns (uint256) {
        accrueInterest();
        return redeemFresh(tokens, tokens * rate(cashPrior()) / SCALE);
    }

    function redeemUnderlying(uint256 amount) external returns (uint256) {
        accrueInterest();
        return redeemFresh(amount * SCALE / rate(cashPrior()), amount);
    }

    function redeemFresh(uint256 tokens, uint256 amount) private returns (uint256) {
        address redeemer = msg.sender;
        uint256 code = comptroller.redeemAllowed(address(this), redeemer, tokens);
        if (code != 0) return refused(code);
        if (cashPrior() < amount) return refused(14);
        totalSupply -= tokens;
        balanceOf[redeemer] -= tokens;
        give(payable(redeemer), amount);
        emit Transfer(redeemer, address(this), tokens);
        emit Redeem(redeemer, amount, tokens);
        status(redeemer);
        return 0;
    }

    function borrow(uint256 amount) external returns (uint256) {
        address borrower = msg.sender;
        accrueInterest();
        uint256 code = comptroller.borrowAllowed(address(this), borrower, amount);
        if (code != 0) return refused(code);
        if (cashPrior() < amount) return refused(14);
        uint256 owed = borrowBalanceStored(borrower) + amount;
        borrows[borrower] = BorrowSnapshot(owed, borrowIndex);
        totalBorrows += amount;
        give(payable(borrower), amount);
        emit Borrow(borrower, amount, owed, totalBorrows, borrowIndex);
        market();
        return 0;
    }

    /// Answers what was repaid; 0 where it was refused.
    function repayFresh(address payer, address borrower, uint256 amount) internal returns (uint256) {
        uint256 code = comptroller.repayBorrowAllowed(address(this), payer, borrower, amount);
        if (code != 0) {
            refused(code);
            return 0;
        }
        uint256 owed = borrowBalanceStored(borrower);
        uint256 repaid = amount == type(uint256).max ? owed : amount;
        require(repaid <= owed, "more than is owed");
        take(payer, repaid);
        borrows[borrower] = BorrowSnapshot(owed - repaid, borrowIndex);
        // Roundings may have left less in the total than everybody owes.
        totalBorrows = totalBorrows > repaid ? totalBorrows - repaid : 0;
        emit RepayBorrow(payer, borrower, repaid, owed - repaid, totalBorrows, borrowIndex);
        market();
        return repaid;
    }

    function liquidateFresh(address liquidator, address borrower, uint256 amount, JToken collateral)
        internal
        returns (uint256)
    {
        accrueInterest();
        collateral.accrueInterest();
        uint256 code = comptroller.liquidateBorrowAllowed(
            address(this), address(collateral), liquidator, borrower, amount
        );
        if (code != 0) return refused(code);
        require(borrower != liquidator && amount != 0 && amount != type(uint256).max, "not like this");
        uint256 repaid = repayFresh(liquidator, borrower, amount);
        (uint256 error, uint256 tokens) =
            comptroller.liquidateCalculateSeizeTokens(address(this), address(collateral), repaid);
        require(error == 0 && collateral.balanceOf(borrower) >= tokens, "seizes too much");
        require(collateral.seize(liquidator, borrower, tokens) == 0, "token seizure failed");
        emit LiquidateBorrow(liquidator, borrower, repaid, address(collateral), tokens);
        market();
        return 0;
    }

    function seize(address liquidator, address borrower, uint256 tokens) external returns (uint256) {
        uint256 code = comptroller.seizeAllowed(address(this), msg.sender, liquidator, borrower, tokens);
        if (code != 0) return refused(code);
        balanceOf[borrower] -= tokens;
        balanceOf[liquidator] += tokens;
        emit Transfer(borrower, liquidator, tokens);
        emit JTokenBalance(borrower, balanceOf[borrower]);
        emit JTokenBalance(liquidator, balanceOf[liquidator]);
        return 0;
    }

    function transfer(address to, uint256 tokens) external returns (bool) {
        uint256 code = comptroller.transferAllowed(address(this), msg.sender, to, tokens);
        if (code != 0 || to == msg.sender) {
            refused(code);
            return false;
        }
        balanceOf[msg.sender] -= tokens;
        balanceOf[to] += tokens;
        emit Transfer(msg.sender, to, tokens);
        emit JTokenBalance(msg.sender, balanceOf[msg.sender]);
        emit JTokenBalance(to, balanceOf[to]);
        return true;
    }

    // ---- admin

    function setReserveFactor(uint256 factor) external returns (uint256) {
        require(msg.sender == admin, "admin");
        accrueInterest();
        emit NewReserveFactor(reserveFactorMantissa, factor);
        reserveFactorMantissa = factor;
        return 0;
    }

    function setInterestRateModel(address model) external returns (uint256) {
        require(msg.sender == admin, "admin");
        accrueInterest();
        emit NewMarketInterestRateModel(address(interestRateModel), model);
        interestRateModel = IRateModel(model);
        return 0;
    }

    function reduceReserves(uint256 amount) external returns (uint256) {
        require(msg.sender == admin, "admin");
        accrueInterest();
        if (amount > totalReserves || amount > cashPrior()) return refused(14);
        totalReserves -= amount;
        give(payable(admin), amount);
        emit ReservesReduced(admin, amount, totalReserves);
        return 0;
    }
}
